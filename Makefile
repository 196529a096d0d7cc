# Variables of the command line reach the scripts by themselves: make test PHP_CONFIG=/opt/php/bin/php-config

.PHONY: help demo demo-php demo-cakephp build test test-php test-in chaos lint bench install uninstall deb deb-check pie-check clean

help:
	@echo 'make demo            a page with live streams, in your browser; stops with Ctrl-C'
	@echo 'make demo-php        the same in plain PHP: nothing is built, and nothing but PHP needed'
	@echo 'make demo-cakephp    the same with CakePHP; Composer has to find it'
	@echo 'make test            every test there is'
	@echo 'make test-php        those of plain PHP (php/) only'
	@echo 'make test-in trixie  the tests in another Debian release, with its PHP; as root, needs debootstrap'
	@echo 'make chaos           storms over the servers with random clients: MINUTES=5 ENGINE=file|sqlite|redis|all SEED='
	@echo 'make build           build target/release/libsse.so'
	@echo 'sudo make install    install it for the PHP that php-config names'
	@echo 'sudo make uninstall  take it out again; the data stays'
	@echo 'make deb             a Debian package for the PHP that php-config names, in target/deb'
	@echo 'make deb-check       try it in a fresh Debian; as root, needs debootstrap and lintian'
	@echo 'make pie-check       build as PIE does, from the archive of what is committed'
	@echo 'make bench           measure, and print the figures'
	@echo 'make lint            format and lints only'
	@echo 'make clean           remove what was built'
	@echo
	@echo 'PHP_CONFIG=/path/to/php-config chooses another PHP, for each of them.'
	@echo 'install also takes SSE_DIR= (data), WEB_GROUP= (who shares it) and DESTDIR=.'

demo:
	@dev/demo.sh

demo-php:
	@dev/demo-php.sh

demo-cakephp:
	@dev/demo-cakephp.sh

build:
	@dev/build.sh

test:
	@dev/test.sh

test-php: build
	@dev/test-php.sh

# What comes behind it is the release, no target: make test-in trixie
test-in:
	@dev/test-in.sh $(wordlist 2,2,$(MAKECMDGOALS))
ifeq (test-in,$(firstword $(MAKECMDGOALS)))
$(wordlist 2,2,$(MAKECMDGOALS)):
	@:
endif

chaos:
	@dev/chaos.sh

lint:
	@dev/lint.sh

bench: build
	@bench/run

install:
	@dev/install.sh

uninstall:
	@dev/install.sh --remove

deb:
	@packaging/build-deb.sh

deb-check:
	@packaging/check-deb.sh

pie-check:
	@packaging/check-pie.sh

clean:
	rm -rf target tests/node_modules cakephp-plugin/vendor cakephp-plugin/.phpunit.cache demo/cakephp/vendor php/vendor php/.phpunit.cache
