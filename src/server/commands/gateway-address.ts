/** Which gateway a command asks, and as whom. */
import { CommandError, type CommandOption, type CommandWords, type Surroundings } from './command.ts';

export const ADDRESS_OPTIONS: Readonly<Record<string, CommandOption>> = {
  url: {
    form: 'address',
    doc: 'The gateway; otherwise KERNELGATE_URL, or what EG_IP, EG_PORT and EG_BASE_URL say.',
  },
  token: { form: 'text', doc: "The gateway's token; otherwise EG_AUTH_TOKEN." },
};

export interface GatewayAddress {
  /** Without a slash at its end; the API lies below. */
  url: string;
  /** Empty when none is given. */
  token: string;
}

/** @throws CommandError */
export function gatewayAddress({ values }: CommandWords, { env }: Surroundings): GatewayAddress {
  const [source, text] = addressOf(values.get('url'), env);
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    // The text itself may hold a token.
    throw new CommandError(`${source} is no address: it must look like http://127.0.0.1:8888`, 2);
  }
  const path = url.pathname.replace(/\/+$/, '');
  const token = values.get('token') ?? url.searchParams.get('token') ?? env['EG_AUTH_TOKEN'] ?? '';
  // Whatever can't be sent would be quoted by the one who was to send it.
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new CommandError(
      'the token must consist of letters, digits and other signs of ASCII: see --token',
      2,
    );
  }
  return { url: `${url.protocol}//${url.host}${path}`, token };
}

function addressOf(given: string | undefined, env: Surroundings['env']): [source: string, text: string] {
  if (given !== undefined) return ['--url', given];
  if (env['KERNELGATE_URL']) return ['KERNELGATE_URL', env['KERNELGATE_URL']];
  const scheme = env['EG_CERTFILE'] ? 'https' : 'http';
  const port = env['EG_PORT'] || '8888';
  const path = (env['EG_BASE_URL'] ?? '').replace(/^\/*/, '/');
  return ['what EG_IP, EG_PORT and EG_BASE_URL say', `${scheme}://${reachable(env['EG_IP'])}:${port}${path}`];
}

/** A gateway that listens on every address of its host is reached on this one. */
function reachable(ip = ''): string {
  if (['', '*', '0.0.0.0', '::'].includes(ip)) return '127.0.0.1';
  return ip.includes(':') ? `[${ip}]` : ip;
}
