/** The shapes of what is told of kernels' lives, and of the charts by which they live. */

const string = { type: 'string' } as const;
const nullableString = { type: ['string', 'null'] } as const;
const strings = { type: 'array', items: string } as const;
const moment = { type: 'string', description: 'ISO 8601 with a fraction and Z' } as const;
const nullableMoment = { type: ['string', 'null'], description: moment.description } as const;
const seconds = { type: 'number', description: 'Seconds, so far' } as const;
const state = {
  description: 'The state value: a path of objects, with a member for each region',
  anyOf: [string, { type: 'object', additionalProperties: true }],
} as const;
const phase = { type: 'string', description: 'Path of a state in the chart: launching.podPending' } as const;

const problem = { code: string, message: string, hint: string } as const;
const Problem = { type: 'object', properties: problem } as const;
const NullableProblem = { type: ['object', 'null'], properties: problem } as const;

const Ending = {
  type: ['object', 'null'],
  description: 'How its life ended; null as long as it has not',
  properties: {
    outcome: { type: 'string', enum: ['stopped', 'failed', 'dead', 'detached', 'lost'] },
    reason: { type: ['string', 'null'], description: 'shutdown or culled' },
    failure: NullableProblem,
    at: moment,
  },
} as const;

const Phase = {
  type: 'object',
  properties: {
    phase,
    from: moment,
    to: nullableMoment,
    seconds,
    steps: {
      type: 'array',
      description: 'What its pod was waiting for',
      items: { type: 'object', properties: { message: string, from: moment, to: nullableMoment, seconds } },
    },
  },
} as const;

const TimelineEvent = {
  title: 'TimelineEvent',
  type: 'object',
  properties: {
    id: { type: 'integer', description: 'Rises over the whole gateway' },
    at: moment,
    event: {
      type: 'object',
      description: 'With its payload; secrets are masked',
      properties: { type: string },
      additionalProperties: true,
    },
    label: { type: 'string', description: "The event's name for people" },
    state,
    phase,
    progress: { type: 'string', description: 'What a launch is about' },
    failure: Problem,
  },
} as const;

const history = {
  outcome: Ending,
  dropped: { type: 'integer', description: 'Earlier events that are not kept any more' },
  phases: { type: 'array', items: Phase },
  events: { type: 'array', items: TimelineEvent },
} as const;

export const KernelEvents = {
  title: 'KernelEvents',
  type: 'object',
  properties: { kernel_id: string, kernel_name: string, username: string, ...history },
} as const;

export const GatewayEvents = { title: 'GatewayEvents', type: 'object', properties: history } as const;

export const FollowQuery = {
  type: 'object',
  properties: {
    follow: { type: 'string', enum: ['true', 'false'], description: 'true: as server-sent events' },
  },
} as const;

const KernelRow = {
  title: 'KernelRow',
  type: 'object',
  properties: {
    id: string,
    name: string,
    username: string,
    phase,
    since: moment,
    started: moment,
    last_activity: moment,
    idle_seconds: seconds,
    execution_state: string,
    connections: { type: 'integer' },
    node: nullableString,
    pod: nullableString,
    namespace: nullableString,
    progress: nullableString,
    last_problem: { type: ['object', 'null'], properties: { ...problem, at: moment } },
    outcome: Ending,
  },
} as const;

export const Overview = {
  title: 'Overview',
  type: 'object',
  properties: {
    gateway: { type: 'object', properties: { state, phase, since: moment, kernels: { type: 'integer' } } },
    kernels: { type: 'array', items: KernelRow },
    ended: { type: 'array', items: KernelRow },
    refused: {
      type: 'array',
      items: {
        type: 'object',
        properties: { at: moment, kernel_name: nullableString, username: nullableString, ...problem },
      },
    },
  },
} as const;

export const ChartName = {
  type: 'object',
  properties: { chart: { type: 'string', description: 'kernel or gateway' } },
  required: ['chart'],
} as const;

const Transition = {
  type: 'object',
  properties: {
    id: string,
    event: { type: 'string', description: 'Its type; empty for one that is taken without any' },
    label: { type: 'string', description: "The event's name for people" },
    kind: { type: 'string', enum: ['event', 'always', 'after', 'done', 'error'] },
    guard: nullableString,
    targets: strings,
    actions: strings,
    reenter: { type: 'boolean' },
    description: nullableString,
  },
} as const;

const ChartState = {
  title: 'ChartState',
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Its path, as a state value names it' },
    key: string,
    type: { type: 'string', enum: ['atomic', 'compound', 'parallel', 'final', 'history'] },
    description: nullableString,
    tags: strings,
    initial: nullableString,
    entry: strings,
    exit: strings,
    invokes: { type: 'array', items: { type: 'object', properties: { id: string, src: string } } },
    transitions: { type: 'array', items: Transition },
    states: { type: 'array', description: 'The states within, of the same shape', items: { type: 'object' } },
  },
} as const;

export const Chart = {
  title: 'Chart',
  type: 'object',
  properties: {
    id: string,
    delays: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: string, milliseconds: { type: ['number', 'null'] } },
      },
    },
    root: ChartState,
  },
} as const;
