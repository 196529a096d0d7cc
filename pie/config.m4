dnl How PIE, or phpize && ./configure && make in this folder, builds the extension: cargo does it, one folder up.

AC_PATH_PROG([CARGO], [cargo], [], [$PATH:$HOME/.cargo/bin])
if test -z "$CARGO"; then
  AC_MSG_ERROR([there is no cargo; install a Rust toolchain first, see https://rustup.rs])
fi
PHP_SUBST([CARGO])

dnl ext-php-rs asks it about the PHP that it builds for, and wants its whole path.
SSE_PHP_CONFIG=`command -v "$PHP_CONFIG"`
PHP_SUBST([SSE_PHP_CONFIG])

PHP_MODULES="\$(phplibdir)/sse.so"
PHP_ADD_MAKEFILE_FRAGMENT([Makefile.frag])
