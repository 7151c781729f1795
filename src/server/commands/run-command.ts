/** Finds the command that is meant, and runs it. */
import { suggestion } from '../../adapters/config/option-names.ts';
import { CommandError, type ExitStatus, type Surroundings } from './command.ts';
import { renderCommandHelp } from './command-help.ts';
import { commands } from './command-table.ts';
import { readCommandWords } from './command-words.ts';

const OTHER_VERBS = ['serve', 'help'];

/**
 * @param words those of the command line, the verb first
 * @throws CommandError
 */
export async function runCommand(words: readonly string[], surroundings: Surroundings): Promise<ExitStatus> {
  const [verb, used] = verbOf(words);
  const command = commands[verb];
  if (command === undefined) throw unknownVerb(words[0] ?? '');
  const given = readCommandWords(verb, command, words.slice(used));
  if (given.flags.has('help')) {
    surroundings.write(`${renderCommandHelp(verb, command)}\n`);
    return 0;
  }
  const run = await command.load();
  return run(given, surroundings);
}

/** Some verbs consist of two words. */
function verbOf([first = '', second = '']: readonly string[]): [verb: string, words: number] {
  const both = `${first} ${second}`;
  if (Object.hasOwn(commands, both)) return [both, 2];
  return [Object.hasOwn(commands, first) ? first : '', 1];
}

function unknownVerb(word: string): CommandError {
  const known = [...OTHER_VERBS, ...Object.keys(commands)];
  const partly = known.find((verb) => verb.startsWith(`${word} `));
  const meant = partly === undefined ? suggestion(word, known) : `; did you mean ${partly}?`;
  const hint = meant === '' ? `: must be one of ${known.join(', ')}` : meant;
  return new CommandError(`unknown command ${JSON.stringify(word)}${hint}`, 2);
}
