/** A template that can't be rendered, or that renders to something else than YAML. */
export class TemplateError extends Error {
  readonly code = 'TEMPLATE_INVALID';
  override readonly name = 'TemplateError';
  /** Line of the template, from 1; null when it can't be told. */
  readonly line: number | null;

  /** @param message one line, without the line's number */
  constructor(message: string, line: number | null, options?: ErrorOptions) {
    super(line === null ? message : `line ${line}: ${message}`, options);
    this.line = line;
  }
}
