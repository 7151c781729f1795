/** Settings that depend on each other. */
import { ConfigError } from './config-error.ts';
import type { Settings } from './settings.ts';

export interface Coupled {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

/** Seconds. Enterprise Gateway's own default, 0.005, may have been copied from there. */
const SHORTEST_SOCKET_TIMEOUT = 0.1;

/** Settles what one setting means for another. Pure. */
export function coupleSettings(settings: Settings): Coupled {
  const warnings: string[] = [];
  const changes: Partial<{ -readonly [Key in keyof Settings]: Settings[Key] }> = {};
  if (settings.cullInterval === 0) {
    changes.cullInterval = 300;
    warnings.push('cull_interval must be above 0: 300 seconds are taken');
  }
  if (settings.socketTimeout < SHORTEST_SOCKET_TIMEOUT) {
    changes.socketTimeout = 5;
    warnings.push(
      `socket_timeout is ${settings.socketTimeout}, too short for a network: 5 seconds are taken`,
    );
  }
  if (!settings.bufferOfflineMessages) changes.wsReplayBufferSize = 0;
  if (settings.clientEnvs.length > 1 && settings.clientEnvs.includes('*')) {
    warnings.push('client_envs holds * among other names: it allows any name only when it stands alone');
  }
  if (settings.availabilityMode === 'replication') {
    warnings.push('availability_mode replication is not offered: the gateway works as in standalone');
  }
  if (settings.availabilityMode !== null && !settings.sessionPersistence) {
    changes.sessionPersistence = true;
    if (settings.sources.sessionPersistence !== 'default') {
      warnings.push('availability_mode turns persistence on, although it was turned off');
    }
  }
  if (settings.availabilityMode === 'replication' || settings.sessionPersistence) {
    changes.availabilityMode = 'standalone';
  }
  return { settings: { ...settings, ...changes }, warnings };
}

/**
 * Refuses settings that are each allowed, but not together.
 *
 * @throws ConfigError
 */
export function checkTogether(settings: Settings): void {
  const { certfile, keyfile, clientCa, authorizedOrigin } = settings;
  if (keyfile !== null && certfile === null) throw new ConfigError('keyfile is set, but certfile is not');
  if (clientCa !== null && certfile === null) throw new ConfigError('client_ca is set, but certfile is not');
  if (authorizedOrigin !== '' && clientCa === null) {
    throw new ConfigError('authorized_origin is set, but client_ca, which it needs, is not');
  }
  checkPortRange(settings);
}

function checkPortRange({ portRange: { low, high }, minPortRangeSize }: Settings): void {
  if (low === high) return;
  const range = `port_range is ${low}..${high}, but`;
  if (low < 1024) throw new ConfigError(`${range} must lie within 1024..65535`);
  if (high - low < minPortRangeSize) {
    throw new ConfigError(`${range} must span at least ${minPortRangeSize} ports (min_port_range_size)`);
  }
}
