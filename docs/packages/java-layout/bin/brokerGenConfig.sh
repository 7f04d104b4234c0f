#!/bin/sh
# Makes conf/broker.conf of what Apache's rocketmq-operator and charts give: conf/broker-common.conf and the environment.
set -eu
conf=$ROCKETMQ_HOME/conf
: >"$conf/broker.conf"
if [ -f "$conf/broker-common.conf" ]; then
  # Charts write "key: value", which is a line of a .properties file, too.
  grep -Ev '^[[:space:]]*(brokerClusterName|brokerName|brokerId|brokerRole|brokerIP1|enableControllerMode|controllerAddr)[[:space:]]*[=:]' \
    "$conf/broker-common.conf" >>"$conf/broker.conf" || true
  role=$(sed -n 's/^[[:space:]]*brokerRole[[:space:]]*[=:][[:space:]]*//p' "$conf/broker-common.conf" | tail -n 1)
fi
role=${BROKER_ROLE:-${role:-ASYNC_MASTER}}
id=${BROKER_ID:-0}
mode=${enableControllerMode:-false}
case $mode:$id in
true:*) role=SLAVE id=-1 ;; # the controllers say who is master
*:0) ;;
*) role=SLAVE ;;
esac
{
  echo
  echo "brokerClusterName=${BROKER_CLUSTER_NAME:-DefaultCluster}"
  echo "brokerName=${BROKER_NAME:-$(hostname)}"
  echo "brokerId=$id"
  echo "brokerRole=$role"
  [ -z "${POD_IP:-}" ] || echo "brokerIP1=$POD_IP"
  [ "$mode" != true ] || echo "enableControllerMode=true"
  [ "$mode" != true ] || echo "controllerAddr=${controllerAddr:-}"
} >>"$conf/broker.conf"
