#!/bin/sh
# What the image runs: the server of its folder.
set -eu
cd "$(dirname "$0")"
case $ROCKETMQ_HOME in
*/nameserver) exec sh ./mqnamesrv "$@" ;;
*/controller) exec sh ./mqcontroller -c "$ROCKETMQ_HOME/conf/controller/controller.conf" "$@" ;;
esac
exec sh ./brokerStart.sh "$@"
