/** The machines whose charts can be looked at. */
import type { AnyStateMachine } from 'xstate';
import { gatewayMachine } from '../../machines/gateway-machine.ts';
import { kernelMachine } from '../../machines/kernel-machine.ts';

export const charts: readonly AnyStateMachine[] = [kernelMachine, gatewayMachine];
