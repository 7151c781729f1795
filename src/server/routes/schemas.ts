/** The shapes of requests and answers, from which the OpenAPI document is made. */
import { Type } from 'typebox';

export const ErrorAnswer = Type.Object(
  { reason: Type.String(), message: Type.String() },
  { description: 'What went wrong (message), and what to do about it (reason)' },
);

export const Kernel = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String({ description: 'Name of the kernelspec' }),
    last_activity: Type.String({ description: 'ISO 8601 with a fraction and Z' }),
    execution_state: Type.String({ description: 'starting, idle, busy, restarting or dead' }),
    connections: Type.Integer({ description: 'WebSocket connections' }),
  },
  { title: 'Kernel' },
);

export const KernelId = Type.Object({ kernelId: Type.String() });

/** The values of `env` are checked one by one later, to name the one that is wrong. */
const Environment = Type.Unknown({
  description: 'An object of strings: KERNEL_* and the names in EG_CLIENT_ENVS',
});

export const LaunchBody = Type.Union([
  Type.Null(),
  Type.Object({
    name: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'Name of a kernelspec' })),
    env: Type.Optional(Environment),
  }),
]);

export const KernelSpecEntry = Type.Object(
  {
    name: Type.String(),
    spec: Type.Object(
      {
        argv: Type.Array(Type.String()),
        display_name: Type.String(),
        language: Type.String(),
        env: Type.Record(Type.String(), Type.String()),
        metadata: Type.Object({}, { additionalProperties: true }),
        interrupt_mode: Type.String(),
      },
      { additionalProperties: true },
    ),
    resources: Type.Record(Type.String(), Type.String()),
  },
  { title: 'KernelSpec' },
);

export const KernelSpecList = Type.Object({
  default: Type.String(),
  kernelspecs: Type.Record(Type.String(), KernelSpecEntry),
});

export const UserQuery = Type.Object({
  user: Type.Optional(Type.String({ description: 'Only what this user may launch' })),
});

export const Session = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    path: Type.String(),
    name: Type.String(),
    type: Type.String(),
    notebook: Type.Optional(Type.Object({ path: Type.String(), name: Type.String() })),
    kernel: Kernel,
  },
  { title: 'Session' },
);

export const SessionId = Type.Object({ sessionId: Type.String() });

const SessionKernel = Type.Object({
  id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});

export const SessionBody = Type.Object({
  path: Type.Optional(Type.String()),
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  type: Type.Optional(Type.String()),
  notebook: Type.Optional(Type.Object({ path: Type.String(), name: Type.Optional(Type.String()) })),
  kernel: Type.Optional(Type.Union([Type.Null(), SessionKernel])),
  env: Type.Optional(Environment),
});

/** The errors that any route may answer with. */
export const ERRORS = { '4xx': ErrorAnswer, '5xx': ErrorAnswer } as const;
