/** The benchmark's command line. */
import { parseArgs } from 'node:util';
import { splitCommand } from './processes/gateway-process.ts';

export const measureNames = ['roundtrip', 'stream', 'data', 'buffers', 'memory', 'launch'] as const;
export type MeasureName = (typeof measureNames)[number];

export interface BenchOptions {
  gatewayCommand: string[];
  /** A gateway that runs already; takes the place of the command. */
  url: string | null;
  gatewayPid: number | null;
  kernelName: string;
  bridge: boolean;
  only: readonly MeasureName[];
  quick: boolean;
  rounds: number;
  /** Idle kernels of the memory measure. */
  kernels: number;
  json: boolean;
  help: boolean;
}

export const usage = `npm run bench -- [options]

  --gateway-command "…"  the gateway to start; --port=… is added, or {port} replaced
                         (default: node dist/server/cli.js serve)
  --url URL              a gateway that runs already, with the synthetic kernelspec
  --gateway-pid PID      its process, for CPU and memory
  --kernel-name NAME     what it calls the kernelspec (default: synthetic)
  --bridge               measure the bare bridge too
  --only A,B             of ${measureNames.join(', ')}
  --quick                fewer messages, kernels and rounds
  --rounds N             rounds that count, 1 to 50 (default 5, quick 2)
  --kernels N            idle kernels for the memory, 1 to 200 (default 50, quick 10)
  --json                 print JSON instead of a table
`;

/** Thrown for a command line that cannot be understood. */
export class OptionError extends Error {
  readonly code = 'bench_option';
}

/** Throws OptionError, which names the option and what it may be. */
export function parseOptions(args: string[]): BenchOptions {
  const values = parseStrictly(args);
  const quick = values.quick === true;
  return {
    gatewayCommand: splitCommand(values['gateway-command'] ?? 'node dist/server/cli.js serve'),
    url: values.url ?? null,
    gatewayPid: values['gateway-pid'] === undefined ? null : integer(values, 'gateway-pid', 0, 1, 2 ** 31),
    kernelName: values['kernel-name'] ?? 'synthetic',
    bridge: values.bridge === true,
    only: parseMeasures(values.only),
    quick,
    rounds: integer(values, 'rounds', quick ? 2 : 5, 1, 50),
    kernels: integer(values, 'kernels', quick ? 10 : 50, 1, 200),
    json: values.json === true,
    help: values.help === true,
  };
}

function parseStrictly(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        'gateway-command': { type: 'string' },
        url: { type: 'string' },
        'gateway-pid': { type: 'string' },
        'kernel-name': { type: 'string' },
        bridge: { type: 'boolean' },
        only: { type: 'string' },
        quick: { type: 'boolean' },
        rounds: { type: 'string' },
        kernels: { type: 'string' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function parseMeasures(list: string | undefined): readonly MeasureName[] {
  if (list === undefined) {
    return measureNames;
  }
  return list.split(',').map((word) => {
    const name = measureNames.find((known) => known === word.trim());
    if (name === undefined) {
      throw new OptionError(`--only ${word}: must be some of ${measureNames.join(', ')}`);
    }
    return name;
  });
}

function integer(
  values: Record<string, string | boolean | undefined>,
  name: string,
  fallback: number,
  least: number,
  most: number,
): number {
  const text = values[name];
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new OptionError(`--${name} ${text}: must be a whole number from ${least} to ${most}`);
  }
  return value;
}
