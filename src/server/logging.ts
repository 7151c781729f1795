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

export async function createLog({ logLevel, redactionMask }: Settings): Promise<Logger> {
  const options = {
    level: LEVELS[logLevel],
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: redactionMask },
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
