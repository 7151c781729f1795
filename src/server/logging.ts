/** One line an event, on stderr: pretty on a terminal, JSON elsewhere. */
import pino, { type Logger } from 'pino';
import type { Settings } from '../adapters/config/settings.ts';

const LEVELS: Record<Settings['logLevel'], string> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
};

/** Keys of log lines that may carry secrets, wherever they turn up. */
const REDACTED = [
  'env',
  '*.env',
  'key',
  '*.key',
  'token',
  '*.token',
  'headers.authorization',
  '*.headers.authorization',
];

/** The level under pino's name for it. */
export function levelOf({ logLevel }: Pick<Settings, 'logLevel'>): string {
  return LEVELS[logLevel];
}

export async function createLog(settings: Settings): Promise<Logger> {
  const options = {
    level: levelOf(settings),
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: settings.redactionMask },
  };
  const isTerminal = process.stderr.isTTY;
  if (!isTerminal) return pino(options, pino.destination({ fd: 2, sync: true }));
  // Loaded only where someone reads along.
  const { default: pretty } = await import('pino-pretty');
  return pino(
    options,
    pretty({ destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss', singleLine: true }),
  );
}

/** Parts of names that tell of a secret, besides those in `EG_SENSITIVE_ENV_KEYS`. */
const SENSITIVE = ['TOKEN', 'PASSWORD', 'PASSWD', 'SECRET', 'CREDENTIAL', 'KEY'];

/** An environment as it may be logged. */
export function maskedEnvironment(
  env: Readonly<Record<string, string>>,
  { sensitiveEnvKeys, redactionMask }: Pick<Settings, 'sensitiveEnvKeys' | 'redactionMask'>,
): Record<string, string> {
  const parts = [...SENSITIVE, ...sensitiveEnvKeys].map((part) => part.toUpperCase());
  const isSensitive = (name: string) => parts.some((part) => name.toUpperCase().includes(part));
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, isSensitive(name) ? redactionMask : value]),
  );
}
