#!/bin/sh
# HAProxy, with the two statistics pages that Ray opens to every interface kept on loopback.
# Ray calls this with -f FILE and writes FILE anew before each start or reload.
statistics="\($RAY_SERVE_HAPROXY_STATS_PORT\|$RAY_SERVE_HAPROXY_METRICS_PORT\)"
for argument in "$@"; do
    case $argument in
        *.cfg) sed -i "s/bind \*\{0,1\}:$statistics\$/bind 127.0.0.1:\1/" "$argument" ;;
    esac
done
exec "$SKIN_HAPROXY" "$@"
