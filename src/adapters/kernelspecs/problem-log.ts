/** Something on the kernel path that cannot be used. */
export interface KernelspecProblem {
  /** The file or directory concerned, as an absolute path. */
  file: string;
  /** One line: what is wrong with it. */
  reason: string;
  /** The kernelspec's name; null when it concerns a directory of kernelspecs. */
  name: string | null;
  /** Whether what was last read from there is still offered. */
  lastGoodKept: boolean;
}

export type ReportProblem = (problem: KernelspecProblem) => void;

/** Passes each problem on once: again only after it was gone, or when its cause has changed. */
export class ProblemLog {
  readonly #report: ReportProblem;
  #known = new Map<string, string>();
  #current = new Map<string, string>();

  constructor(report: ReportProblem) {
    this.#report = report;
  }

  /** Call with every problem that is seen, each time; `cause` says when it counts as another one. */
  add(problem: KernelspecProblem, cause: string): void {
    this.#current.set(problem.file, cause);
    if (this.#known.get(problem.file) !== cause) this.#report(problem);
  }

  /** Ends a round of reading: problems that were not seen in it are over. */
  endRound(): void {
    this.#known = this.#current;
    this.#current = new Map();
  }
}
