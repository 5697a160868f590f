// What Debian's libfmt.so holds of {fmt} 9, for the flavours that link everything statically: the distribution has no
// archive. Objects are then the same as those of the shared flavour (FMT_SHARED), so that ccache compiles most of the tree
// once.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API auto dragonbox::to_decimal(float value) noexcept -> dragonbox::decimal_fp<float>;
template FMT_API auto dragonbox::to_decimal(double value) noexcept -> dragonbox::decimal_fp<double>;
template FMT_API auto locale_ref::get<std::locale>() const -> std::locale;
template FMT_API auto thousands_sep_impl(locale_ref locale) -> thousands_sep_result<char>;
template FMT_API auto thousands_sep_impl(locale_ref locale) -> thousands_sep_result<wchar_t>;
template FMT_API auto decimal_point_impl(locale_ref locale) -> char;
template FMT_API auto decimal_point_impl(locale_ref locale) -> wchar_t;

}  // namespace detail
FMT_END_NAMESPACE
