/**
 * The images that the suite's kernels run in. They are built from the project's
 * sources, tagged with a hash of these, and loaded without a registry; what the
 * cluster has already is not built again.
 */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { runCommand } from './run-command.ts';

export const PROJECT = join(import.meta.dirname, '../../..');

/** Names of images, as a pod's `image`. */
export interface KernelImages {
  /** Our own kernel image for Python. */
  kernelPy: string;
  /** A launcher of version 1, as existing images have it. */
  oldLauncher: string;
  /** A kernel that starts at once, for many launches. */
  light: string;
}

/** Where images for a cluster's pods are put. */
export interface ImageStore {
  /** `BASE_IMAGE` of the Dockerfiles; null: what they name themselves. */
  baseImage(): Promise<string | null>;
  /** Whether pods can use the image. */
  has(tag: string): Promise<boolean>;
  /** Builds `context/Dockerfile`, and lets pods use the image. */
  build(tag: string, context: string, buildArgs: string[]): Promise<void>;
}

interface Recipe {
  name: string;
  /** The environment variable that names an image to be used instead. */
  variable: string;
  /** Puts everything that the image is made of into a directory. */
  layOut(directory: string): Promise<unknown>;
}

const RECIPES: Record<keyof KernelImages, Recipe> = {
  kernelPy: {
    name: 'kernel-py',
    variable: 'KERNELGATE_TEST_KERNEL_IMAGE',
    layOut: (directory) =>
      runCommand(join(PROJECT, 'images/build.sh'), ['--context', directory, 'kernel-py']),
  },
  oldLauncher: testImage('old-launcher', 'KERNELGATE_TEST_OLD_LAUNCHER_IMAGE'),
  light: testImage('light', 'KERNELGATE_TEST_LIGHT_IMAGE'),
};

function testImage(name: string, variable: string): Recipe {
  const folder = join(import.meta.dirname, 'images', name);
  return { name, variable, layOut: (directory) => cp(folder, directory, { recursive: true }) };
}

/** @param store null when images can't be put there from here @throws with a sentence for people */
export async function makeImages(
  store: ImageStore | null,
  environment: NodeJS.ProcessEnv,
  progress: (line: string) => void,
): Promise<KernelImages> {
  const make = async (recipe: Recipe) =>
    environment[recipe.variable] || makeImage(storeFor(recipe, store), recipe, environment, progress);
  // One after the other: builds are busy with the same disk, and share layers.
  return {
    kernelPy: await make(RECIPES.kernelPy),
    oldLauncher: await make(RECIPES.oldLauncher),
    light: await make(RECIPES.light),
  };
}

function storeFor({ variable }: Recipe, store: ImageStore | null): ImageStore {
  if (store !== null) return store;
  const variables = Object.values(RECIPES).map((recipe) => recipe.variable);
  throw new Error(
    `images can't be put into it from here: ${variable} names none (set ${variables.join(', ')} to what it can pull)`,
  );
}

async function makeImage(
  store: ImageStore,
  recipe: Recipe,
  environment: NodeJS.ProcessEnv,
  progress: (line: string) => void,
): Promise<string> {
  const baseImage = environment['KERNELGATE_TEST_BASE_IMAGE'] || (await store.baseImage());
  const buildArgs = baseImage === null ? [] : [`BASE_IMAGE=${baseImage}`];
  const context = await mkdtemp(join(tmpdir(), 'kernelgate-image-'));
  try {
    await recipe.layOut(context);
    const tag = `localhost/kernelgate/${recipe.name}:test-${await contentHash(context, buildArgs)}`;
    if (await store.has(tag)) return tag;
    progress(`Building the image ${tag}`);
    await store.build(tag, context, buildArgs);
    return tag;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Changes with the path and the content of each file below, and with `more`. */
async function contentHash(directory: string, more: string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(more));
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of files.sort()) {
    hash.update(`\0${relative(directory, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 12);
}
