import { describe, expect, it } from 'vitest';
import { answeringGateway, eventText, json, stream } from './answering-gateway.ts';
import { run } from './command-run.ts';

const FAILURE = {
  code: 'IMAGE_PULL_FAILED',
  message: 'image nope:1 cannot be pulled',
  hint: 'Correct its name.',
};
const HEAD = { kernel_id: 'k-1', kernel_name: 'python3', username: 'alice' };
const ENTRIES = [
  entry(1, '00.000', 'begin', 'launching.checking'),
  entry(2, '02.500', 'pod.pending', 'launching.podPending', { progress: 'pulling image nope:1' }),
  entry(3, '04.500', 'pod.failed', 'failed', { failure: FAILURE }),
];
const PHASES = [
  {
    phase: 'launching.podPending',
    from: at('02.500'),
    to: at('04.500'),
    seconds: 2,
    steps: [{ message: 'pulling image nope:1', from: at('02.500'), to: at('04.500'), seconds: 1.5 }],
  },
];
const ENDING = { outcome: 'failed', reason: null, failure: FAILURE, at: at('04.500') };
const LIFE = { ...HEAD, outcome: ENDING, dropped: 0, phases: PHASES, events: ENTRIES };

function at(seconds: string): string {
  return `2025-01-02T03:04:${seconds}Z`;
}

function entry(id: number, seconds: string, label: string, phase: string, more: object = {}) {
  return { id, at: at(seconds), event: { type: label }, label, state: phase, phase, ...more };
}

describe('kernelgate events', () => {
  it('tells when each event came, how long after the last one, the phase, and what went wrong', async () => {
    const url = await answeringGateway({ '/api/kernels/k-1/events': json(LIFE) });
    const { status, output } = await run(['events', 'k-1', '--url', url]);
    expect(status).toBe(0);
    expect(output).toMatch(/^Kernel k-1: python3 of alice\n/);
    expect(output).toMatch(
      /03:04:02\.500Z +\+2\.5 s +launching\.podPending +pod\.pending \(pulling image nope:1\)/,
    );
    expect(output).toContain('    IMAGE_PULL_FAILED: image nope:1 cannot be pulled\n    Correct its name.\n');
    expect(output).toMatch(/\nlaunching\.podPending +2\.0 s\n {2}pulling image nope:1 +1\.5 s\n/);
  });

  it('prints the timeline as JSON', async () => {
    const url = await answeringGateway({ '/api/kernels/k-1/events': json(LIFE) });
    expect(JSON.parse((await run(['events', 'k-1', '--json', '--url', url])).output)).toEqual(LIFE);
  });

  it('follows a kernel to its end, and says how it ended', async () => {
    const url = await answeringGateway({
      '/api/kernels/k-1/events': stream((response) => {
        response.write(eventText('timeline', HEAD));
        for (const each of ENTRIES) response.write(eventText('entry', each, `r-${each.id}`));
        response.write(eventText('phases', PHASES));
        response.end(eventText('end', ENDING));
      }),
    });
    const { status, output } = await run(['events', 'k-1', '--follow', '--url', url]);
    const { output: asked } = await run(['events', 'k-1', '--follow', '--json', '--url', url]);
    expect(status).toBe(0);
    expect(output).toMatch(/pod\.failed\n/);
    expect(output).toMatch(
      / failed\n {4}IMAGE_PULL_FAILED: image nope:1 cannot be pulled\n {4}Correct its name\.\n$/,
    );
    const types = asked
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).type);
    expect(types).toEqual(['timeline', 'entry', 'entry', 'entry', 'phases', 'end']);
  });

  it("gives the gateway's own words for a kernel that it does not know", async () => {
    const body = { message: 'Kernel does not exist: k-2', reason: 'It may have been culled.' };
    const url = await answeringGateway({ '/api/kernels/k-2/events': json(body, 404) });
    const { status, error } = await run(['events', 'k-2', '--url', url]);
    expect(status).toBe(1);
    expect(error).toBe('Kernel does not exist: k-2 It may have been culled.');
  });
});
