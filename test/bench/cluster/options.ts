/** Command line of the benchmark on a cluster. */
import { parseArgs } from 'node:util';
import { OptionError } from '../options.ts';
import { splitCommand } from '../processes/gateway-process.ts';

export const launchMeasures = ['one', 'ten', 'burst', 'light-burst'] as const;
export type LaunchMeasure = (typeof launchMeasures)[number];

export interface ClusterBenchOptions {
  gatewayCommand: string[];
  only: readonly LaunchMeasure[];
  rounds: number;
  burstRounds: number;
  burst: number;
  lightBurst: number;
  image: string;
  lightImage: string;
  /** This machine's address as pods reach it; null: the one towards the API server. */
  responseIp: string | null;
  json: boolean;
  help: boolean;
}

export const clusterUsage = `npm run bench:cluster -- [options]

The cluster is that of KUBECONFIG; nothing is left in it.

  --gateway-command "…"  the gateway to start (default: node dist/server/cli.js serve)
  --only A,B             of ${launchMeasures.join(', ')}
  --rounds N             rounds of one and of ten that count, 1 to 30 (default 5)
  --burst-rounds N       rounds of a burst, 1 to 10 (default 1)
  --burst N              kernels of a burst, 2 to 100 (default 30)
  --light-burst N        kernels of a burst with the light image, 2 to 100 (default 100)
  --image IMAGE          with the launcher of this project (default: localhost/kernelgate/kernel-py:dev)
  --light-image IMAGE    of test/e2e/cluster/images/light (default: localhost/kernelgate/light:dev)
  --response-ip ADDRESS  of this machine, as pods reach it (default: the one towards the API server)
  --json                 print JSON instead of a table
`;

/** Throws OptionError, which names the option and what it may be. */
export function parseClusterOptions(args: string[]): ClusterBenchOptions {
  const values = parseStrictly(args);
  return {
    gatewayCommand: splitCommand(values['gateway-command'] ?? 'node dist/server/cli.js serve'),
    only: measuresOf(values.only),
    rounds: integer('rounds', values.rounds, 5, 1, 30),
    burstRounds: integer('burst-rounds', values['burst-rounds'], 1, 1, 10),
    burst: integer('burst', values.burst, 30, 2, 100),
    lightBurst: integer('light-burst', values['light-burst'], 100, 2, 100),
    image: values.image ?? 'localhost/kernelgate/kernel-py:dev',
    lightImage: values['light-image'] ?? 'localhost/kernelgate/light:dev',
    responseIp: values['response-ip'] ?? null,
    json: values.json === true,
    help: values.help === true,
  };
}

function parseStrictly(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      options: {
        'gateway-command': text,
        only: text,
        rounds: text,
        'burst-rounds': text,
        burst: text,
        'light-burst': text,
        image: text,
        'light-image': text,
        'response-ip': text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new OptionError(error instanceof Error ? error.message : String(error));
  }
}

function measuresOf(list: string | undefined): readonly LaunchMeasure[] {
  if (list === undefined) {
    return launchMeasures;
  }
  return list.split(',').map((word) => {
    const name = launchMeasures.find((known) => known === word.trim());
    if (name === undefined) {
      throw new OptionError(`--only ${word}: must be some of ${launchMeasures.join(', ')}`);
    }
    return name;
  });
}

function integer(
  name: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new OptionError(`--${name} ${text}: must be a whole number from ${least} to ${most}`);
  }
  return value;
}
