/** The gateway cannot start as it was configured. The message is one line for the operator. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';

  constructor(message: string, options?: ErrorOptions) {
    super(message.replace(/\p{Cc}+/gu, ' ').trim(), options);
    this.name = 'ConfigError';
  }
}
