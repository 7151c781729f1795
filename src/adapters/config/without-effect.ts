/** Options of Enterprise Gateway that Kernelgate does not have. */
import { ConfigError } from './config-error.ts';
import type { Given } from './given.ts';

/**
 * One warning for each reason why options have no effect here.
 *
 * @throws ConfigError for an option that guards something and cannot be honoured
 */
export function checkOthers(given: readonly Given[]): string[] {
  const warned: { why: string; label: string }[] = [];
  for (const { option, label, value } of given) {
    const text = plainText(value);
    if (option.effect === 'refused' && !option.harmless.test(text)) {
      throw new ConfigError(`${label} is set, but ${option.why}: unset it`);
    }
    if (option.effect === 'none' && text !== '' && !option.harmless.includes(text.toLowerCase())) {
      warned.push({ why: option.why, label });
    }
  }
  const byReason = Map.groupBy(warned, ({ why }) => why);
  return [...byReason].map(([why, all]) => {
    const labels = [...new Set(all.map(({ label }) => label))].join(', ');
    return `without effect: ${labels} (${why})`;
  });
}

function plainText(value: Given['value']): string {
  switch (value.kind) {
    case 'text':
      return value.text.trim();
    case 'texts':
      return value.texts.join(',').trim();
    case 'json':
      if (value.json === null) return '';
      return typeof value.json === 'string' ? value.json.trim() : JSON.stringify(value.json);
    case 'items':
      return value.after.concat(value.before).join(',');
  }
}
