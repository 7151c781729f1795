/** Which transitions of a chart there are, and which of them were taken. */
import type { AnyStateNode, AnyTransitionDefinition, InspectionEvent } from 'xstate';

/** A chart's transitions by name: `kernel.launching.checking on xstate.done… [1] to …`. */
export function transitionsOf(node: AnyStateNode): string[] {
  return [
    ...ownTransitions(node).map(nameOf),
    ...Object.values(node.states).flatMap((child) => transitionsOf(child as AnyStateNode)),
  ];
}

/** Collects the names of the transitions that inspected actors take. */
export class TransitionRecord {
  readonly taken = new Set<string>();

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return;
    for (const transition of event._transitions) {
      // The entry into the initial state is shown as a transition too, without being one of the chart.
      if (ownTransitions(transition.source).includes(transition)) this.taken.add(nameOf(transition));
    }
  };
}

function ownTransitions(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

/** The number tells apart those of which the first with a passing guard is taken. */
function nameOf(transition: AnyTransitionDefinition): string {
  const { source, eventType, target } = transition;
  const alternatives = ownTransitions(source).filter((each) => each.eventType === eventType);
  const number = alternatives.length > 1 ? ` [${alternatives.indexOf(transition)}]` : '';
  const targets = target?.map((node) => node.id).join(', ') ?? 'nowhere';
  return `${source.id} on ${eventType === '' ? 'always' : eventType}${number} to ${targets}`;
}
