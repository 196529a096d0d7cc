# Each time: cargo knows what has changed.
.PHONY: $(phplibdir)/sse.so
$(phplibdir)/sse.so:
	+cd $(top_srcdir)/.. && PHP=$(PHP_EXECUTABLE) PHP_CONFIG=$(SSE_PHP_CONFIG) $(CARGO) build --release --locked --package sse
	$(mkinstalldirs) $(phplibdir)
	cd $(top_srcdir)/.. && cp $${CARGO_TARGET_DIR:-target}/release/libsse.so $(phplibdir)/sse.so
