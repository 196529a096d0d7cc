#!/bin/sh
# The life of the package in a fresh Debian, where this runs as root: it is installed, streams, is upgraded with streams
# open, removed and purged, and comes back.
#
# usage: life.sh PHP-VERSION FIRST.deb SECOND.deb; beside it are client.php, nginx.conf and site/
set -eu
cd "$(dirname "$0")"

php=$1 first=$2 second=$3
name=php$php-sse
ini=/etc/php/$php/mods-available/sse.ini
CLIENTS=20
export DEBIAN_FRONTEND=noninteractive

# check WHAT COMMAND …: says what is being looked at, and ends with it when the command fails.
check() {
    what=$1
    shift
    if "$@" >/tmp/checked 2>&1; then
        printf 'ok      %s\n' "$what"
    else
        printf 'not ok  %s: %s\n' "$what" "$*"
        cat /tmp/checked
        exit 1
    fi
}

# not COMMAND …: whether it fails.
not() {
    ! "$@"
}

# check_soon WHAT COMMAND …: for what takes a moment.
check_soon() {
    tries=300
    while [ $tries -gt 0 ]; do
        tries=$((tries - 1))
        ! (shift; "$@") >/dev/null 2>&1 || break
        sleep 0.1
    done
    check "$@"
}

step() {
    printf '\n== %s\n' "$*"
}

apt() {
    apt-get -y -q --no-install-recommends "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
}

run_php() {
    "php$php" -d display_errors=stderr -r "$1"
}

push() {
    run_php "Sse\\push('news', $1);"
}

# What the web site says of its status: status tier
status() {
    curl -sf --unix-socket /run/site.sock http://localhost/status.php |
        "php$php" -n -r '$of = json_decode(stream_get_contents(STDIN), true); foreach (explode(".", $argv[1]) as $name) { $of = $of[$name] ?? null; } echo $of;' -- "$1"
}

has_status() {
    [ "$(status "$1")" = "$2" ]
}

has_mode() {
    [ "$(stat -c '%a %U:%G' "$1")" = "$2" ]
}

is_empty() {
    [ -z "$("$@" 2>&1)" ]
}

# Whether a hub serves the site that isn't this one.
is_other_hub() {
    other=$(status hub.pid)
    [ -n "$other" ] && [ "$other" != "$1" ]
}

# Whether each client has all events up to the last, once each, in order.
have_all() {
    seq 1 "$pushed" >/tmp/expected
    echo '"last"' >>/tmp/expected
    for client in $(seq $CLIENTS); do
        cmp /tmp/expected "/tmp/client.$client" || return 1
    done
}

have_ended() {
    for pid in $clients; do
        [ ! -d "/proc/$pid" ] || return 1
    done
}

# Hubs, and who else has the extension loaded.
processes_with_extension() {
    grep -l '/sse\.so' /proc/[0-9]*/maps 2>/dev/null || true
}

# Without an init system, who may be started has to be said: PHP-FPM, by its script in /etc/init.d. nginx would take a port.
printf '#!/bin/sh\ncase "$1" in php*-fpm) exit 0 ;; esac\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

step "$name is installed"
apt update
apt install "$first"
check 'PHP loads it without a word' is_empty run_php 'extension_loaded("sse") || exit("it is not loaded");'
check 'the events have a directory of their group' has_mode /var/lib/php-sse '2770 root:www-data'
check 'hubs have a directory' has_mode /run/php-sse '1777 root:root'
check 'the service is there' test -e /lib/systemd/system/"$name".service
check 'and off' not test -e /etc/systemd/system/multi-user.target.wants/"$name".service

step "PHP-FPM and nginx come after it"
apt install "php$php-fpm" nginx curl
sed "s|@FPM@|$(sed -n 's/^listen = //p' "/etc/php/$php/fpm/pool.d/www.conf")|" nginx.conf >/etc/nginx/sites-enabled/default
cp -r site /site
service nginx restart
check_soon 'streams go to the hub' has_status tier hub
check 'it is loaded with its priority' test -L "/etc/php/$php/fpm/conf.d/30-sse.ini"

step "it streams, and is upgraded while $CLIENTS streams are open"
echo 'sse.heartbeat = 20' >>"$ini"
cursor=$(run_php "echo Sse\\cursor('news');")
clients=
for client in $(seq $CLIENTS); do
    "php$php" -n client.php "$cursor" "/tmp/client.$client" &
    clients="$clients $!"
done
check_soon 'all streams are in the hub' has_status hub.streams $CLIENTS
fpm=$(cat "/run/php/php$php-fpm.pid")
hub=$(status hub.pid)
pushed=0
touch /tmp/upgrading
(
    number=0
    while [ -e /tmp/upgrading ]; do
        number=$((number + 1))
        push $number
        echo $number >/tmp/pushed
    done
) &
pusher=$!
check_soon 'events come' grep -qx 5 /tmp/client.$CLIENTS
apt install "$second"
check 'the new one is installed' test "$(dpkg-query -Wf '${Version}' "$name")" = "$(dpkg-deb -f "$second" Version)"
check 'what somebody set in its ini file stays' grep -q '^sse.heartbeat = 20' "$ini"
check 'dpkg has restarted PHP-FPM' test "$(cat "/run/php/php$php-fpm.pid")" != "$fpm"
"php$php" -n client.php "$cursor" /tmp/client.new &
new=$!
check_soon 'a new stream goes to a new hub' is_other_hub "$hub"
rm /tmp/upgrading
wait $pusher
pushed=$(cat /tmp/pushed)
push "'last'"
check_soon 'all clients have the last event' have_ended
wait $new
clients=
check "and each of $pushed events before it, once, in order" have_all
check 'a new one too' cmp /tmp/expected /tmp/client.new
check 'PHP-FPM, nginx and the hub logged no error' not grep -riE '(PHP |\[)(Fatal|Warning|emerg|crit|alert)' /var/log/nginx/error.log "/var/log/php$php-fpm.log" /run/php-sse

step 'it is removed'
fpm=$(cat "/run/php/php$php-fpm.pid")
apt remove "$name"
check 'PHP goes on without it, without a word' is_empty run_php '!extension_loaded("sse") || exit("it is loaded");'
check 'dpkg has restarted PHP-FPM' test "$(cat "/run/php/php$php-fpm.pid")" != "$fpm"
check_soon 'nothing runs of it' is_empty processes_with_extension
check 'its ini file stays, as configuration does' test -e "$ini"
check 'the events stay' test -n "$(ls /var/lib/php-sse)"

step 'it is purged'
apt purge "$name"
check 'it says where events are' grep -q 'The events in /var/lib/php-sse stay' /tmp/apt.log
check 'they are there' test -n "$(ls /var/lib/php-sse)"
check 'nothing else is' is_empty find /etc /usr /run /var -path /var/lib/php-sse -prune -o \( -name '*sse.ini*' -o -name 'sse.so*' -o -name '*php*-sse*' \) ! -path '/var/cache/*' -print

step 'it comes back, where systemd is'
apt install systemd "$first"
check 'the events are back' test "$(run_php "echo Sse\\read('news', null, -1)[0]['data'];")" = last
check 'the service is right' systemd-analyze verify /lib/systemd/system/"$name".service
check 'and off' test "$(systemctl is-enabled "$name")" = disabled
# systemd isn't running here: what it would do for the service, by hand.
sed -i 's/^; sse.hub_socket/sse.hub_socket/' "$ini"
command=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/"$name".service)
install -d -m 700 -o www-data -g www-data "/run/$name"
setpriv --reuid=www-data --regid=www-data --init-groups sh -c "exec $command" &
service=$!
service "php$php-fpm" restart
check_soon 'streams go to the hub that it runs' has_status hub.pid $service
kill $service
wait $service || true
service nginx stop
service "php$php-fpm" stop

printf '\nall passed\n'
