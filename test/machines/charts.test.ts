import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { and, createMachine, not, or } from 'xstate';
import { type ChartState, chartDefinition, statesOf } from '../../src/machines/chart-definition.ts';
import { withCharts } from '../../src/machines/chart-embedding.ts';
import { toMermaid } from '../../src/machines/chart-mermaid.ts';
import { gatewayMachine } from '../../src/machines/gateway-machine.ts';
import { kernelMachine } from '../../src/machines/kernel-machine.ts';
import { transitionsOf } from './transition-record.ts';

const machines = [kernelMachine, gatewayMachine];

function kernelState(id: string): ChartState | undefined {
  return statesOf(chartDefinition(kernelMachine).root).find((state) => state.id === id);
}

describe('a chart', () => {
  it('is plain JSON that holds all transitions of the machine', () => {
    for (const machine of machines) {
      const definition = chartDefinition(machine);
      expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
      const transitions = statesOf(definition.root).flatMap((state) => state.transitions);
      expect(transitions).toHaveLength(transitionsOf(machine.root).length);
      expect(new Set(transitions.map(({ id }) => id)).size).toBe(transitions.length);
    }
  });

  it('leads only to states that it has', () => {
    for (const machine of machines) {
      const states = statesOf(chartDefinition(machine).root);
      const ids = states.map(({ id }) => id);
      const targets = states.flatMap(({ transitions }) => transitions.flatMap((each) => each.targets));
      expect(ids).toEqual(expect.arrayContaining(targets));
    }
  });

  it('tells of a state what it is, what it asks for, and what can happen there', () => {
    expect(kernelState('launching.checking')).toMatchObject({
      key: 'checking',
      type: 'atomic',
      description: 'Refuses what can be refused, before anything exists',
      entry: ['progress'],
      invokes: [{ src: 'check' }],
    });
    expect(kernelState('launching.checking')?.transitions).toContainEqual(
      expect.objectContaining({
        label: 'check done',
        kind: 'done',
        guard: 'needsNamespace',
        targets: ['launching.namespaceProvisioning'],
      }),
    );
    expect(kernelState('launching')?.transitions).toContainEqual(
      expect.objectContaining({ label: 'after launchTimeout', kind: 'after', targets: ['tearingDown'] }),
    );
    expect(kernelState('connected.running')).toMatchObject({ type: 'parallel', initial: null });
  });

  it('has a word for guards and actions of every kind', () => {
    const machine = createMachine({
      id: 'words',
      initial: 'one',
      states: {
        one: {
          on: {
            both: { guard: and(['a', not('b')]), target: 'two' },
            either: { guard: or(['a', { type: 'b' }]), target: 'two' },
            inline: { guard: () => true, actions: () => {}, target: 'two' },
          },
          after: { 20: 'two' },
        },
        two: { type: 'final' },
      },
    });
    const { transitions } = statesOf(chartDefinition(machine).root)[1] as ChartState;
    expect(transitions.map(({ label, guard, actions }) => [label, guard, ...actions])).toEqual([
      ['both', 'a and not b'],
      ['either', 'a or b'],
      ['inline', 'condition', 'action'],
      ['after 20 ms', null],
    ]);
  });
});

describe('a chart in Mermaid', () => {
  it('names every state, and draws arrows only where Mermaid can: between neighbours', () => {
    const text = toMermaid(chartDefinition(kernelMachine));
    const ids = statesOf(chartDefinition(kernelMachine).root)
      .slice(1)
      .map(({ id }) => id.replaceAll('.', '_'));
    for (const id of ids) expect(text).toContain(` as ${id}`);
    const arrows = [...text.matchAll(/^ *(\S+) --> (\S+?)(?::|$)/gm)].filter(
      (arrow) => !arrow.includes('[*]'),
    );
    expect(arrows.length).toBeGreaterThan(30);
    const frame = (id: string | undefined) => id?.slice(0, Math.max(0, id.lastIndexOf('_')));
    for (const [line, from, to] of arrows) expect(frame(from), line).toBe(frame(to));
  });

  it('says what leads from one state to another', () => {
    const text = toMermaid(chartDefinition(kernelMachine));
    expect(text).toContain('launching_podPending --> launching_handshaking: pod.ready [isCurrentPod]');
    expect(text).toContain('restarting --> launching: waiting after restartBackoff to podCreating');
  });

  it('in the README is that of the machines (node src/server/timeline/write-charts.ts)', () => {
    const readme = readFileSync(new URL('../../src/machines/README.md', import.meta.url), 'utf8');
    expect(readme).toContain('<!-- chart: kernel -->');
    expect(readme).toContain('<!-- chart: gateway -->');
    expect(withCharts(readme, machines)).toBe(readme);
  });
});
