import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lineOfField, lineOfSyntaxError } from '../../../src/server/commands/spec-lines.ts';
import { run } from './command-run.ts';

const LOCAL = '{"argv": ["python3"], "display_name": "Python", "language": "python"}';
const IN_PODS = JSON.stringify({
  argv: [],
  language: 'python',
  metadata: {
    process_proxy: { class_name: 'KubernetesProcessProxy', config: { image_name: 'team/kernel:1' } },
  },
});
const POD = `apiVersion: v1
kind: Pod
metadata:
  name: "{{ kernel_pod_name }}"
spec:
  securityContext: { runAsUser: 1000 }
  containers:
    - name: kernel
      image: "{{ kernel_image }}"
`;

/** Writes files by their paths in a directory of the test's own. */
function directoryOf(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'kernelgate-specs-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

async function check(files: Record<string, string>, ...options: string[]) {
  const directory = directoryOf(files);
  const { status, output, error } = await run(['specs', 'check', directory, ...options]);
  return { status, error, lines: output.trimEnd().replaceAll(`${directory}/`, '').split('\n') };
}

describe('kernelgate specs check', () => {
  it.each(['python/', 'kernels/python/', ''])(
    'finds nothing wrong with good kernelspecs in %j',
    async (folder) => {
      const { status, lines } = await check({ [`${folder}kernel.json`]: LOCAL });
      expect([status, lines]).toEqual([0, ['1 kernelspec checked, nothing wrong']]);
    },
  );

  it.each([
    ['a comma too much', '{\n  "argv": [\n    "python3",\n  ]\n}', 4, 'is not valid JSON'],
    ['an end that is missing', '{\n  "argv": ["python3"]\n', 3, 'is not valid JSON'],
    ['a colon that is missing', '{\n  "argv" ["python3"]\n}', 2, 'is not valid JSON'],
    ['a list that is none', '{\n\n  "argv": "python3"\n}', 3, 'argv must be a list'],
    [
      'a variable that is no text',
      '{"argv": ["a"],\n"env": {\n"A": "1",\n"B": 2}}',
      4,
      'env.B must be a string',
    ],
    [
      'an unknown way to interrupt',
      '{"argv": ["a"],\n"interrupt_mode": "shout"}',
      2,
      'interrupt_mode must be',
    ],
    [
      'a place where no kernel can be launched',
      '{"argv": ["a"],\n"metadata": {"process_proxy":\n{"class_name": "YarnProcessProxy"}}}',
      3,
      'metadata.process_proxy.class_name',
    ],
  ])('names the line of %s', async (_title, text, line, message) => {
    const { status, lines } = await check({ 'python/kernel.json': text, 'good/kernel.json': LOCAL });
    expect(status).toBe(1);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(message);
    expect(lines[0]).toMatch(new RegExp(`^python/kernel\\.json:${line}: `));
    expect(lines[1]).toBe('2 kernelspecs checked, 1 wrong');
  });

  it.each([
    ['a block that is not closed', `${POD}{% if kernel_cpus %}\n`, /:10: .*end of file/],
    ['an unknown variable', POD.replace('kernel_image', 'kernel_imgae'), /:9: .*kernel_imgae/],
    [
      'what only shows when a client makes a choice',
      `${POD}{% if kernel_cpus is defined %}\n{{ oops }}\n{% endif %}`,
      /:11: .*oops/,
    ],
    ['what is no YAML', POD.replace('kind: Pod', 'kind: [Pod'), /:\d+: .*not valid YAML/],
    ['a template without a pod', POD.replace('kind: Pod', 'kind: ConfigMap'), /: it holds no Pod/],
    [
      'what the settings do not allow',
      POD.replace('spec:', 'spec:\n  hostNetwork: true'),
      /: .*EG_POD_PERMISSIONS/,
    ],
    ['a user whom the settings prohibit', POD.replace('1000', '0'), /: .*runAsUser/],
  ])('renders templates, and finds %s', async (_title, template, told) => {
    const files = { 'pods/kernel.json': IN_PODS, 'pods/scripts/kernel-pod.yaml.j2': template };
    const { status, lines } = await check(files);
    expect(status).toBe(1);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^pods\/scripts\/kernel-pod\.yaml\.j2:/);
    expect(lines[0]).toMatch(told);
  });

  it('takes values for the variables that only an operator knows of', async () => {
    const template = POD.replace('kernel_image', 'kernel_team');
    const files = { 'pods/kernel.json': IN_PODS, 'pods/kernel-pod.yaml.j2': template };
    expect((await check(files)).status).toBe(1);
    expect((await check(files, '--env', 'KERNEL_TEAM=one')).lines).toEqual([
      '1 kernelspec checked, nothing wrong',
    ]);
    expect((await check(files, '--env', 'KERNEL_TEAM')).status).toBe(2);
  });

  it('judges the template that kernelspecs without one share', async () => {
    expect((await check({ 'pods/kernel.json': IN_PODS })).status).toBe(0);
  });

  it('says so when there is nothing to check', async () => {
    expect((await check({ 'python/logo.svg': '' })).error).toMatch(/holds no kernelspec/);
    expect((await run(['specs', 'check', '/no/such/directory'])).error).toMatch(/there is no directory/);
  });
});

describe('the line of a fault', () => {
  it('lies within the file, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        fc.nat(),
        fc.string(),
        fc.string(),
        (json, at, junk, path) => {
          const position = at % (json.length + 1);
          const text = `${json.slice(0, position)}${junk}\n${json.slice(position)}`;
          for (const line of [lineOfSyntaxError(text), lineOfField(text, path)]) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(text.split('\n').length);
          }
        },
      ),
    );
  });
});
