/** What to call a chart's guards and actions, of which some have no name of their own. */

/** XState's builders are functions with properties that say what they do. */
type Builder = { name?: unknown; type?: unknown; guards?: unknown; assignment?: unknown; event?: unknown };

/** `not isBusy`, `a and b`; a function that is written in place goes by `condition`. */
export function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, name, guards } = guard as Builder;
  if (Array.isArray(guards)) {
    const names = guards.map(guardName);
    return name === 'not' ? `not ${names[0]}` : names.join(` ${String(name)} `);
  }
  return typeof type === 'string' ? type : 'condition';
}

/** `assign pod, connection`, `emit kernel.running`; a function that is written in place goes by `action`. */
export function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  const { type, assignment, event } = action as Builder;
  if (typeof type !== 'string') return 'action';
  const name = type.replace(/^xstate\./, '');
  const object = name === 'assign' ? keysOf(assignment) : name === 'emit' ? eventType(event) : '';
  return object === '' ? name : `${name} ${object}`;
}

function keysOf(assignment: unknown): string {
  return typeof assignment === 'object' && assignment !== null ? Object.keys(assignment).join(', ') : '';
}

function eventType(event: unknown): string {
  return typeof event === 'object' && event !== null && 'type' in event ? String(event.type) : '';
}
