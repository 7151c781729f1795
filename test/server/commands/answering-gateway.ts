/** A server in a gateway's place, which answers what a test tells it to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { KernelRow } from '../../../src/server/timeline/timeline-model.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** @returns its address */
export async function answeringGateway(answers: Record<string, Answer>): Promise<string> {
  const server = createServer((request, response) => {
    const answer =
      answers[request.url ?? ''] ?? json({ message: 'Not found.', reason: 'Look elsewhere.' }, 404);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function json(body: unknown, status = 200): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

/** Begins a stream, and hands it to the test. */
export function stream(begin: (response: ServerResponse, request: IncomingMessage) => void): Answer {
  return (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    begin(response, request);
  };
}

export function eventText(type: string, data: unknown, id = ''): string {
  return `event: ${type}\n${id === '' ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

export function rowOf(more: Partial<KernelRow> = {}): KernelRow {
  return {
    id: '11111111-1111-4111-8111-111111111111',
    name: 'python3',
    username: 'alice',
    phase: 'connected.running',
    since: '2025-01-02T03:03:05.000Z',
    started: '2025-01-02T03:03:00.000Z',
    last_activity: '2025-01-02T03:04:00.000Z',
    idle_seconds: 5,
    execution_state: 'idle',
    connections: 2,
    node: 'node-1',
    pod: null,
    namespace: null,
    progress: null,
    last_problem: null,
    outcome: null,
    ...more,
  };
}

export function overviewOf(...kernels: KernelRow[]) {
  const gateway = { state: 'running', phase: 'running', since: '2025-01-02T03:00:00.000Z', kernels: 1 };
  return { gateway, kernels, ended: [], refused: [] };
}
