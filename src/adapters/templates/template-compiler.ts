/**
 * Compiles Jinja templates, with the help of nunjucks, into functions that
 * leave every output, filter and truth to the runtime they are given.
 */
import {
  type CompileFrame,
  type ConditionNode,
  type FilterNode,
  internals,
  type ListNode,
  type LookupNode,
  type LoopNode,
  type OperatorNode,
  type RenderFunction,
  type TemplateNode,
  type ValueNode,
} from './nunjucks-internals.ts';
import { TemplateError } from './template-error.ts';

const { nodes } = internals;

/** Tags that would read other files, or that Jinja does not know. */
const REFUSED: Record<string, string> = {
  Extends: 'extends',
  Include: 'include',
  Import: 'import',
  FromImport: 'from',
  Block: 'block',
  Super: 'super',
  Switch: 'switch',
  IfAsync: 'ifAsync',
  AsyncEach: 'asyncEach',
  AsyncAll: 'asyncAll',
};

/** @throws TemplateError */
export function compileTemplate(text: string): RenderFunction {
  const uninstall = internals.installJinjaCompat();
  try {
    const parsed = internals.parser.parse(text, [], { trimBlocks: true, lstripBlocks: true });
    checkNames(parsed);
    const compiler = new TemplateCompiler();
    compiler.compile(parsed);
    const template = new Function(compiler.getCode())() as { root: RenderFunction };
    return template.root;
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    const { message, lineno } = error as Error & { lineno?: number };
    throw new TemplateError(message, lineno ?? null, { cause: error });
  } finally {
    uninstall();
  }
}

/** Names become a part of the function's text. */
function checkNames(parsed: TemplateNode): void {
  for (const node of nodesIn(parsed)) {
    if (node.typename !== 'Symbol') continue;
    const { value } = node as ValueNode;
    if (/^[A-Za-z_]\w*$/.test(String(value))) continue;
    throw new TemplateError(`${JSON.stringify(value)} is no name`, node.lineno + 1);
  }
}

/** Every node, also those that nunjucks' own search passes by, such as what a `set` block holds. */
function nodesIn(value: unknown): TemplateNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  if (!(value instanceof nodes.Node)) return [];
  return [value, ...Object.values(value).flatMap(nodesIn)];
}

class TemplateCompiler extends internals.compiler.Compiler {
  override compile(node: TemplateNode, frame?: CompileFrame): void {
    const tag = REFUSED[node.typename];
    if (tag !== undefined) throw new TemplateError(`the tag ${tag} can't be used here`, node.lineno + 1);
    super.compile(node, frame);
  }

  override compileOutput(node: ListNode, frame: CompileFrame): void {
    for (const child of node.children) {
      this._emit(`${this.buffer} += `);
      if (child instanceof nodes.TemplateData) this.compileLiteral(child);
      else this.#compileCall('output', child, withOwnText(child), frame);
      this._emit(';\n');
    }
  }

  /** What a `set` or `filter` block holds is the template's own text. */
  override compileCapture(node: TemplateNode, frame: CompileFrame): void {
    this._emit('new runtime.SafeString(');
    super.compileCapture(node, frame);
    this._emit(')');
  }

  override compileFilter(node: FilterNode, frame: CompileFrame): void {
    const [filtered = node] = node.args.children;
    this._emit(`runtime.filter(${described(filtered)}, "${node.name.value}", [`);
    this._compileAggregate(node.args, frame);
    this._emit('])');
  }

  override compileIs(node: OperatorNode, frame: CompileFrame): void {
    this._emit(`(lineno = ${node.lineno}, `);
    super.compileIs(node, frame);
    this._emit(')');
  }

  override compileOr(node: OperatorNode, frame: CompileFrame): void {
    this.#compileChoice('or', node, frame);
  }

  override compileAnd(node: OperatorNode, frame: CompileFrame): void {
    this.#compileChoice('and', node, frame);
  }

  override compileNot(node: OperatorNode, frame: CompileFrame): void {
    this._emit('!runtime.isTrue(');
    this.compile(node.target, frame);
    this._emit(')');
  }

  override compileIf(node: ConditionNode, frame: CompileFrame): void {
    node.cond = truthOf(node.cond);
    super.compileIf(node, frame);
  }

  override compileInlineIf(node: ConditionNode, frame: CompileFrame): void {
    node.cond = truthOf(node.cond);
    super.compileInlineIf(node, frame);
  }

  /** With one name, a loop over a mapping is one over its keys. */
  override compileFor(node: LoopNode, frame: CompileFrame): void {
    const { lineno, colno } = node.arr;
    if (!(node.name instanceof nodes.Array)) {
      const name = new nodes.Symbol(lineno, colno, 'loop_over');
      node.arr = new nodes.Filter(lineno, colno, name, new nodes.NodeList(lineno, colno, [node.arr]));
    }
    super.compileFor(node, frame);
  }

  #compileCall(method: string, subject: TemplateNode, value: TemplateNode, frame: CompileFrame): void {
    this._emit(`runtime.${method}(${described(subject)}, `);
    this.compile(value, frame);
    this._emit(')');
  }

  #compileChoice(method: string, { left, right }: OperatorNode, frame: CompileFrame): void {
    this._emit(`runtime.${method}(`);
    this.compile(left, frame);
    this._emit(', () => (');
    this.compile(right, frame);
    this._emit('))');
  }
}

/** An output's literals are the template's own text, the comma of `{{ "," if not loop.last }}` for example. */
function withOwnText(node: TemplateNode): TemplateNode {
  if (node.typename === 'InlineIf') {
    const choice = node as ConditionNode;
    choice.body = withOwnText(choice.body);
    choice.else_ = choice.else_ === null ? ownText(node, '') : withOwnText(choice.else_);
  }
  const { value } = node as ValueNode;
  return node.typename === 'Literal' && typeof value === 'string' ? ownText(node, value) : node;
}

function ownText({ lineno, colno }: TemplateNode, text: string): TemplateNode {
  const data = new nodes.TemplateData(lineno, colno, text);
  return new nodes.Capture(lineno, colno, new nodes.Output(lineno, colno, [data]));
}

/** Twice denied: the runtime's idea of truth in place of JavaScript's. */
function truthOf(node: TemplateNode): TemplateNode {
  const { lineno, colno } = node;
  return new nodes.Not(lineno, colno, new nodes.Not(lineno, colno, node));
}

/** Where and what it is, as the first two arguments of a call. */
function described(node: TemplateNode): string {
  return `${node.lineno + 1}, ${JSON.stringify(nameOf(node))}`;
}

/** The variable that an expression begins with, and the way into it. */
function nameOf(node: TemplateNode): string {
  if (node.typename === 'Symbol') return String((node as ValueNode).value);
  if (node.typename === 'Filter') return nameOf((node as FilterNode).args.children[0] ?? node);
  if (node.typename !== 'LookupVal') return 'the expression';
  const { target, val } = node as LookupNode;
  return val.typename === 'Literal' ? `${nameOf(target)}.${(val as ValueNode).value}` : nameOf(target);
}
