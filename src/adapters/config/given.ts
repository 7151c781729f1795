import type { NamedOption } from './option-names.ts';
import type { Source } from './settings.ts';

/** What a source said about one option, not read yet. */
export interface Given extends NamedOption {
  readonly source: Exclude<Source, 'default'>;
  /** How the operator would find it: `EG_PORT`, `--port`, `EnterpriseGatewayApp.port in /etc/…`. */
  readonly label: string;
  readonly value: GivenValue;
}

export type GivenValue =
  | { readonly kind: 'text'; readonly text: string }
  /** Repeated flags of the command line. */
  | { readonly kind: 'texts'; readonly texts: readonly string[] }
  | { readonly kind: 'json'; readonly json: unknown }
  /** Items around the list that would count without this one. */
  | { readonly kind: 'items'; readonly before: readonly unknown[]; readonly after: readonly unknown[] };

/** What one source holds: at most one value for each option. */
export interface SourceContent {
  readonly given: readonly Given[];
  readonly warnings: readonly string[];
}

/** Keeps the most specific of several names for one setting, and tells about deprecated names that count. */
export function sourceContent(all: readonly Given[], warnings: readonly string[]): SourceContent {
  const given = all.filter((one) => one.option.effect !== 'setting' || one === mostSpecific(all, one.key));
  const deprecated = given.filter(({ insteadUse }) => insteadUse !== undefined);
  return {
    given,
    warnings: [
      ...warnings,
      ...deprecated.map(({ label, insteadUse }) => `${label} is deprecated: use ${insteadUse}`),
    ],
  };
}

function mostSpecific(all: readonly Given[], key: string): Given | undefined {
  return all.filter((one) => one.key === key).sort((one, other) => one.rank - other.rank)[0];
}
