/** What a kernel's clients are told about its life, as Jupyter clients expect it: messages on iopub, and replies. */
import { composeMessage } from '../../adapters/channels/gateway-session.ts';
import type { KernelMessage } from '../../adapters/channels/kernel-message.ts';
import type { Failure } from '../../machines/failure.ts';
import type { ExecutionState } from '../../machines/ports.ts';
import type { PendingRequest } from './pending-requests.ts';

export function statusMessage(executionState: ExecutionState, parentHeader?: Buffer): KernelMessage {
  return composeMessage('iopub', 'status', { execution_state: executionState }, parentHeader).message;
}

export function stderrMessage(text: string, parentHeader?: Buffer): KernelMessage {
  return composeMessage('iopub', 'stream', { name: 'stderr', text: `${text}\n` }, parentHeader).message;
}

/** For a request that its kernel will never answer: why, in the cell, and a reply, so that no one waits for it. */
export function unansweredMessages(request: PendingRequest<unknown>, failure: Failure): KernelMessage[] {
  const { header, msgType, channel } = request;
  const content = {
    status: 'error',
    ename: 'KernelDied',
    evalue: failure.message,
    traceback: [failure.message, failure.hint],
    ...(msgType === 'execute_request' ? { execution_count: null, user_expressions: {}, payload: [] } : {}),
  };
  const reply = composeMessage(channel, msgType.replace(/_request$/, '_reply'), content, header).message;
  const idle = statusMessage('idle', header);
  if (msgType !== 'execute_request') return [reply, idle];
  return [stderrMessage(`${failure.message}\n${failure.hint}`, header), reply, idle];
}

export function missedMessage(count: number): KernelMessage {
  return stderrMessage(
    `Kernelgate: ${count} messages of this kernel were dropped while this client was away or slow, because they were more than EG_WS_REPLAY_BUFFER_SIZE holds.`,
  );
}

/** For a client that may have been there before: only an earlier gateway knew. */
export function unattendedMessage(): KernelMessage {
  return stderrMessage(
    'Kernelgate: the gateway was restarted while this kernel ran on. What the kernel published meanwhile reached no one; a request that was under way may stay unanswered.',
  );
}
