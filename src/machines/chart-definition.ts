/**
 * A machine's chart as JSON, made from the machine itself: for whoever draws it,
 * or prints it. States go by their path, as in `launching.podPending`, which is
 * also how a state value names them; the chart's own id stands for its root.
 */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { actionName, guardName } from './chart-names.ts';

export interface ChartDefinition {
  id: string;
  delays: ChartDelay[];
  root: ChartState;
}

export interface ChartDelay {
  name: string;
  /** Null when each actor has its own. */
  milliseconds: number | null;
}

export interface ChartState {
  /** The path, or the chart's id for its root. */
  id: string;
  /** The last part of the path. */
  key: string;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  description: string | null;
  tags: string[];
  /** Id of the first state within; null where there is none, or where all are entered. */
  initial: string | null;
  entry: string[];
  exit: string[];
  invokes: ChartInvoke[];
  /** In the order in which they are tried; those of one event form a row of alternatives. */
  transitions: ChartTransition[];
  states: ChartState[];
}

export interface ChartInvoke {
  id: string;
  src: string;
}

export interface ChartTransition {
  /** Of its own within the chart: the state's id, and a number. */
  id: string;
  /** The event's type as the machine knows it; empty for one that is taken without any. */
  event: string;
  /** The same for people: `pod.ready`, `after launchTimeout`, `check done`, `check failed`. */
  label: string;
  kind: 'event' | 'always' | 'after' | 'done' | 'error';
  guard: string | null;
  /** Ids of states; none for one that changes nothing but the context. */
  targets: string[];
  actions: string[];
  /** Leaves its own state and enters it again. */
  reenter: boolean;
  description: string | null;
}

export function chartDefinition(machine: AnyStateMachine): ChartDefinition {
  return {
    id: machine.id,
    delays: Object.entries(machine.implementations.delays ?? {}).map(([name, delay]) => ({
      name,
      milliseconds: typeof delay === 'number' ? delay : null,
    })),
    root: stateOf(machine.root),
  };
}

/** Every state of the chart, from the root on, each before those within. */
export function statesOf(state: ChartState): ChartState[] {
  return [state, ...state.states.flatMap(statesOf)];
}

/** What people call each event, by its type. */
export function eventLabels({ root }: ChartDefinition): Map<string, string> {
  const transitions = statesOf(root).flatMap((state) => state.transitions);
  return new Map(transitions.map(({ event, label }) => [event, label]));
}

function stateOf(node: AnyStateNode): ChartState {
  return {
    id: idOf(node),
    key: node.key,
    type: node.type,
    description: node.description ?? null,
    tags: [...node.tags],
    initial: node.type === 'compound' ? (targetsOf(node.initial)[0] ?? null) : null,
    entry: actionNames(node.entry),
    exit: actionNames(node.exit),
    invokes: node.invoke.map(({ id, src }) => ({ id, src: String(src) })),
    transitions: ownTransitions(node).map((transition, index) => transitionOf(node, transition, index)),
    states: Object.values(node.states).map((child) => stateOf(child as AnyStateNode)),
  };
}

function ownTransitions(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

function transitionOf(
  node: AnyStateNode,
  transition: AnyTransitionDefinition,
  index: number,
): ChartTransition {
  return {
    id: `${idOf(node)}#${index}`,
    event: transition.eventType,
    ...namesOf(node, transition.eventType),
    guard: transition.guard === undefined ? null : guardName(transition.guard),
    targets: targetsOf(transition),
    actions: actionNames(transition.actions),
    reenter: transition.reenter,
    description: transition.description ?? null,
  };
}

function namesOf(node: AnyStateNode, eventType: string): Pick<ChartTransition, 'kind' | 'label'> {
  if (eventType === '') return { kind: 'always', label: '' };
  const delayed = node.after.find((each) => each.eventType === eventType);
  if (delayed !== undefined) return { kind: 'after', label: `after ${delayLabel(delayed.delay)}` };
  const [, how, actorId] = /^xstate\.(done|error)\.(?:actor|state)\.(.*)$/.exec(eventType) ?? [];
  if (how === undefined) return { kind: 'event', label: eventType };
  const invoked = node.invoke.find(({ id }) => id === actorId);
  const name = invoked === undefined ? (actorId === '*' ? 'actor' : actorId) : String(invoked.src);
  return how === 'done'
    ? { kind: 'done', label: `${name} done` }
    : { kind: 'error', label: `${name} failed` };
}

function delayLabel(delay: unknown): string {
  return typeof delay === 'number' ? `${delay} ms` : String(delay);
}

function idOf(node: AnyStateNode): string {
  return node.path.join('.') || node.machine.id;
}

function targetsOf({ target }: { target: readonly AnyStateNode[] | undefined }): string[] {
  return (target ?? []).map(idOf);
}

/** Timers that the machine sets for its `after` transitions are told by these. */
function actionNames(actions: readonly unknown[]): string[] {
  return actions.map(actionName).filter((name) => name !== 'raise' && name !== 'cancel');
}
