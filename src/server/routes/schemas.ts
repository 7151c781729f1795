/** The shapes of requests and answers, from which the OpenAPI document is made. */
import type { JSONSchema } from 'json-schema-to-ts';

const string = { type: 'string' } as const;
const integer = { type: 'integer' } as const;

/** An object in which every member that is named is also required. */
function object<const Properties extends Record<string, JSONSchema>>(properties: Properties) {
  return {
    type: 'object',
    properties,
    required: Object.keys(properties) as (keyof Properties & string)[],
  } as const;
}

export const NoContent = { type: 'null', description: 'No content' } as const;

const errorMembers = object({ reason: string, message: string });

export const ErrorAnswer = {
  ...errorMembers,
  properties: {
    ...errorMembers.properties,
    code: { type: 'string', description: 'Stable, for programs' },
  },
  description: 'What went wrong (message), and what to do about it (reason)',
} as const;

/** The errors that any route may answer with. */
export const ERRORS = { '4xx': ErrorAnswer, '5xx': ErrorAnswer } as const;

const kernelMembers = object({
  id: { type: 'string', format: 'uuid' },
  name: { type: 'string', description: 'Name of the kernelspec' },
  last_activity: { type: 'string', description: 'ISO 8601 with a fraction and Z' },
  execution_state: { type: 'string', description: 'starting, idle, busy, restarting or dead' },
  connections: { type: 'integer', description: 'WebSocket connections' },
});

export const Kernel = {
  title: 'Kernel',
  ...kernelMembers,
  properties: {
    ...kernelMembers.properties,
    progress: { type: 'string', description: 'While it is launched: what that is about at the moment' },
  },
} as const;

export const KernelId = object({ kernelId: string });

export const KernelList = { type: 'array', items: Kernel } as const;

/** The values of `env` are checked one by one later, to name the one that is wrong. */
const environment = {
  description: 'An object of strings: KERNEL_* and the names in EG_CLIENT_ENVS',
} as const;
const nullableString = { type: ['string', 'null'] } as const;

export const LaunchBody = {
  type: ['object', 'null'],
  properties: { name: { ...nullableString, description: 'Name of a kernelspec' }, env: environment },
} as const;

export const KernelSpecEntry = {
  title: 'KernelSpec',
  ...object({
    name: string,
    spec: {
      ...object({
        argv: { type: 'array', items: string },
        display_name: string,
        language: string,
        env: { type: 'object', additionalProperties: string },
        metadata: { type: 'object', additionalProperties: true },
        interrupt_mode: string,
      }),
      additionalProperties: true,
    },
    resources: { type: 'object', additionalProperties: string },
  }),
} as const;

export const KernelSpecList = object({
  default: string,
  kernelspecs: { type: 'object', additionalProperties: KernelSpecEntry },
});

export const KernelName = object({ name: string });

export const KernelResource = object({ name: string, '*': string });

export const UserQuery = {
  type: 'object',
  properties: { user: { type: 'string', description: 'Only what this user may launch' } },
} as const;

export const ChannelsQuery = {
  type: 'object',
  properties: {
    session_id: { type: 'string', description: 'By which a client is known when it comes back' },
  },
} as const;

const document = object({ path: string, name: string });

export const Session = {
  title: 'Session',
  ...object({
    id: { type: 'string', format: 'uuid' },
    path: string,
    name: string,
    type: string,
    notebook: document,
    kernel: Kernel,
  }),
} as const;

export const SessionId = object({ sessionId: string });

export const SessionList = { type: 'array', items: Session } as const;

export const SessionBody = {
  type: 'object',
  properties: {
    path: string,
    name: nullableString,
    type: string,
    notebook: { type: 'object', properties: { path: string, name: string }, required: ['path'] },
    kernel: { type: ['object', 'null'], properties: { id: nullableString, name: nullableString } },
    env: environment,
  },
} as const;

export const Version = object({ version: string, gateway_version: string });

export const Status = object({
  started: string,
  last_activity: string,
  kernels: integer,
  connections: integer,
  dropped_messages: object({ bad_signatures: integer, malformed: integer }),
});

export const Me = object({
  identity: object({
    username: string,
    name: string,
    display_name: string,
    initials: string,
    avatar_url: { type: 'null' },
    color: { type: 'null' },
  }),
  permissions: { type: 'object', additionalProperties: true },
});
