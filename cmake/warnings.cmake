# Flags of every target of ours: attune_options is linked privately by each room.
add_library(attune_options INTERFACE)
target_compile_options(attune_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
# g++ 12 takes "x" + std::string at -O3 for overlapping memory: a false positive, GCC PR 105651.
target_compile_options(attune_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_include_directories(attune_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)

if(ATTUNE_SANITIZE)
  target_compile_options(attune_options INTERFACE -fsanitize=${ATTUNE_SANITIZE} -fno-omit-frame-pointer -g1)
  target_link_options(attune_options INTERFACE -fsanitize=${ATTUNE_SANITIZE})
  # g++ 12 warns of uninitialised members in its own headers once sanitizers change the inlining (GCC PR 105562).
  target_compile_options(attune_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(ATTUNE_STATIC_DEPENDENCIES)
  target_link_options(attune_options INTERFACE -static-libstdc++ -static-libgcc)
endif()

# attune_room(name SOURCES ... DEPENDS ...): one room of the house as a static library.
function(attune_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;DEPENDS;PRIVATE" ${ARGN})
  add_library(attune_${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(attune_${name} PUBLIC ${ROOM_DEPENDS} PRIVATE attune_options ${ROOM_PRIVATE})
  target_include_directories(attune_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
endfunction()
