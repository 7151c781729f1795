/** All scenarios, in the order of a kernel's life. */
import { adopting } from './adopting.ts';
import { connecting } from './connecting.ts';
import { culling } from './culling.ts';
import { earlyNews } from './early-news.ts';
import { ending } from './ending.ts';
import { launching } from './launching.ts';
import { leaving } from './leaving.ts';
import { restarting } from './restarting.ts';
import { running } from './running.ts';
import type { Scenarios } from './scenarios.ts';

export const lives: Record<string, Scenarios> = {
  launching,
  'news of a pod that is being created': earlyNews,
  connecting,
  running,
  culling,
  ending,
  restarting,
  adopting,
  leaving,
};
