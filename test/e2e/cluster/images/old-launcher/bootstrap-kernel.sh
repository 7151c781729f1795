#!/bin/bash
# Stays process 1 while the launcher runs, so that neither SIGTERM nor an exit
# status gets through as it should.
PORT_RANGE=${PORT_RANGE:-${EG_PORT_RANGE:-0..0}}
RESPONSE_ADDRESS=${RESPONSE_ADDRESS:-${EG_RESPONSE_ADDRESS}}
PUBLIC_KEY=${PUBLIC_KEY:-${EG_PUBLIC_KEY}}

if [[ -z ${KERNEL_ID} || ${KERNEL_LANGUAGE,,} != python ]]; then
  echo 'KERNEL_ID and KERNEL_LANGUAGE must be set'
  exit 1
fi

JPY_PARENT_PID=$$ python3 /usr/local/bin/kernel-launchers/python/scripts/launch_ipykernel.py \
  --kernel-id "${KERNEL_ID}" --port-range "${PORT_RANGE}" --response-address "${RESPONSE_ADDRESS}" \
  --public-key "${PUBLIC_KEY}"
exit 0
