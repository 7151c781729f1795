/**
 * A chart in Mermaid's words, https://mermaid.js.org/syntax/stateDiagram.html.
 * Mermaid draws no arrow from within one state into another: each is drawn
 * between the two outermost states that it leads from and to, and says the rest.
 */
import type { ChartDefinition, ChartState, ChartTransition } from './chart-definition.ts';
import { statesOf } from './chart-definition.ts';

interface Arrow {
  /** Id of the state in whose frame it is drawn. */
  frame: string;
  from: string;
  to: string;
  label: string;
}

/** Between the reasons for one arrow. */
const NEXT = '<br/>';

export function toMermaid({ root }: ChartDefinition): string {
  const arrows = arrowsOf(root);
  return ['stateDiagram-v2', ...bodyOf(root, arrows).map(indented)].join('\n');
}

function bodyOf(state: ChartState, arrows: readonly Arrow[]): string[] {
  const regions = state.states.map((child) => frameOf(child, arrows));
  if (state.type === 'parallel') {
    return regions.flatMap((lines, index) => (index === 0 ? lines : ['--', ...lines]));
  }
  return [
    ...(state.initial === null ? [] : [`[*] --> ${nameOf(state.initial)}`]),
    ...regions.flat(),
    ...arrows
      .filter(({ frame }) => frame === state.id)
      .map(({ from, to, label }) => `${nameOf(from)} --> ${nameOf(to)}${label === '' ? '' : `: ${label}`}`),
    ...state.states.filter(({ type }) => type === 'final').map(({ id }) => `${nameOf(id)} --> [*]`),
  ];
}

function frameOf(state: ChartState, arrows: readonly Arrow[]): string[] {
  const title = `state "${state.key}" as ${nameOf(state.id)}`;
  if (state.states.length === 0) return [title];
  return [`${title} {`, ...bodyOf(state, arrows).map(indented), '}'];
}

/** One arrow for each pair of states, with all that leads from the one to the other. */
function arrowsOf(root: ChartState): Arrow[] {
  const arrows = new Map<string, Arrow>();
  for (const state of statesOf(root)) {
    for (const arrow of state.transitions.flatMap((transition) => arrowsFrom(root, state, transition))) {
      const pair = `${arrow.from} ${arrow.to}`;
      const known = arrows.get(pair);
      if (known === undefined) arrows.set(pair, arrow);
      else if (!known.label.split(NEXT).includes(arrow.label)) known.label += `${NEXT}${arrow.label}`;
    }
  }
  return [...arrows.values()];
}

/** None for what stays within its own state. */
function arrowsFrom(root: ChartState, source: ChartState, transition: ChartTransition): Arrow[] {
  return transition.targets.flatMap((target) => {
    const frame = commonAncestor(root, source.id, target);
    const from = frame.states.find(({ id }) => isWithin(source.id, id));
    const to = frame.states.find(({ id }) => isWithin(target, id));
    if (from === undefined || to === undefined || from === to) return [];
    const inner = from.id === source.id ? '' : `${source.key} `;
    const entered = target === to.id ? '' : ` to ${target.slice(to.id.length + 1)}`;
    return [
      { frame: frame.id, from: from.id, to: to.id, label: `${inner}${told(transition)}${entered}`.trim() },
    ];
  });
}

function told({ label, guard }: ChartTransition): string {
  return [label, guard === null ? '' : `[${guard}]`].join(' ').trim();
}

/** The innermost state that holds both. */
function commonAncestor(state: ChartState, one: string, other: string): ChartState {
  const inner = state.states.find(
    ({ id, states }) =>
      states.length > 0 && isWithin(one, id) && isWithin(other, id) && one !== id && other !== id,
  );
  return inner === undefined ? state : commonAncestor(inner, one, other);
}

function isWithin(id: string, ancestor: string): boolean {
  return id === ancestor || id.startsWith(`${ancestor}.`);
}

/** Mermaid's identifiers hold no dots. */
function nameOf(id: string): string {
  return id.replaceAll('.', '_');
}

function indented(line: string): string {
  return `  ${line}`;
}
