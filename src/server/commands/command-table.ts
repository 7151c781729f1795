/** The verbs beside `serve`: what they take, and where they are. */
import type { Command } from './command.ts';
import { ADDRESS_OPTIONS } from './gateway-address.ts';

export const commands: Readonly<Record<string, Command>> = {
  kernels: {
    summary: 'List the kernels of a running gateway.',
    words: '',
    options: {
      ...ADDRESS_OPTIONS,
      all: { doc: 'Also those that have ended of late.' },
      watch: { doc: 'Go on as they change: redrawn on a terminal, else one line for each change.' },
      json: { doc: 'As JSON; with --watch, one object a line.' },
    },
    load: async () => (await import('./kernels.ts')).kernels,
  },
  events: {
    summary: 'Tell the life of a kernel: what happened, how long it took, and why it failed.',
    words: 'ID',
    options: {
      ...ADDRESS_OPTIONS,
      follow: { doc: 'Go on until it ends.' },
      json: { doc: 'As JSON; with --follow, one event a line.' },
    },
    load: async () => (await import('./events.ts')).events,
  },
  'specs check': {
    summary: 'Check kernelspecs and their pod templates, with sample values.',
    words: 'DIR',
    options: {
      env: { form: 'NAME=value,…', doc: 'More that clients send, and that templates ask for.' },
    },
    load: async () => (await import('./specs-check.ts')).specsCheck,
  },
  chart: {
    summary: 'Print the statechart by which kernels, or the gateway, live.',
    words: '[kernel|gateway]',
    options: {
      format: { form: 'json|mermaid', doc: 'How it is written; mermaid when it is left out.' },
    },
    load: async () => (await import('./chart.ts')).chart,
  },
};
