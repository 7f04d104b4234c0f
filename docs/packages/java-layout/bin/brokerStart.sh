#!/bin/sh
# As in the images of Apache's rocketmq-operator.
set -eu
cd "$(dirname "$0")"
sh ./brokerGenConfig.sh
exec sh ./mqbroker -n "${NAMESRV_ADDR:-}" -c "$ROCKETMQ_HOME/conf/broker.conf" "$@"
