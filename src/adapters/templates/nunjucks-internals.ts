/**
 * The parts of nunjucks from which templates are compiled. Its public
 * functions render to text, which is what must not happen here.
 */
import nunjucks from 'nunjucks';

export interface TemplateNode {
  typename: string;
  /** From 0. */
  lineno: number;
  colno: number;
}

export interface ListNode extends TemplateNode {
  children: TemplateNode[];
}

export interface ValueNode extends TemplateNode {
  value: unknown;
}

export interface ConditionNode extends TemplateNode {
  cond: TemplateNode;
  body: TemplateNode;
  else_: TemplateNode | null;
}

export interface LoopNode extends TemplateNode {
  arr: TemplateNode;
  name: TemplateNode;
}

export interface OperatorNode extends TemplateNode {
  left: TemplateNode;
  right: TemplateNode;
  target: TemplateNode;
}

export interface FilterNode extends TemplateNode {
  name: ValueNode;
  args: ListNode;
}

export interface LookupNode extends TemplateNode {
  target: TemplateNode;
  val: TemplateNode;
}

/** Names that are known while a template is compiled. */
export type CompileFrame = object;

/** Turns a parsed template into the text of a JavaScript function; a method for each kind of node. */
interface CompilerMethods {
  buffer: string;
  compile(node: TemplateNode, frame?: CompileFrame): void;
  getCode(): string;
  fail(message: string, line: number, column: number): never;
  _emit(code: string): void;
  _compileAggregate(node: TemplateNode, frame: CompileFrame, start?: string, end?: string): void;
  compileLiteral(node: TemplateNode): void;
  compileOutput(node: ListNode, frame: CompileFrame): void;
  compileCapture(node: TemplateNode, frame: CompileFrame): void;
  compileFilter(node: FilterNode, frame: CompileFrame): void;
  compileIs(node: OperatorNode, frame: CompileFrame): void;
  compileOr(node: OperatorNode, frame: CompileFrame): void;
  compileAnd(node: OperatorNode, frame: CompileFrame): void;
  compileNot(node: OperatorNode, frame: CompileFrame): void;
  compileIf(node: ConditionNode, frame: CompileFrame): void;
  compileInlineIf(node: ConditionNode, frame: CompileFrame): void;
  compileFor(node: LoopNode, frame: CompileFrame): void;
}

type NodeClass = new (line: number, column: number, ...fields: unknown[]) => TemplateNode;
type Callable = (...args: unknown[]) => unknown;

/** @param done called with an error, or with null and the text; perhaps with both, one after the other */
export type RenderFunction = (
  environment: object,
  context: object,
  frame: object,
  runtime: object,
  done: (error: unknown, text?: string) => void,
) => void;

interface NunjucksInternals {
  Environment: new (
    loaders: [],
    options: { autoescape: boolean },
  ) => {
    filters: Record<string, Callable>;
    tests: Record<string, Callable>;
    globals: Record<string, unknown>;
  };
  compiler: { Compiler: new () => CompilerMethods };
  parser: {
    parse(
      text: string,
      extensions: [],
      options: { trimBlocks: boolean; lstripBlocks: boolean },
    ): TemplateNode;
  };
  nodes: Record<
    'Array' | 'Capture' | 'Filter' | 'Node' | 'NodeList' | 'Not' | 'Output' | 'Symbol' | 'TemplateData',
    NodeClass
  >;
  runtime: { Frame: new () => { topLevel: boolean }; SafeString: new (text: string) => object };
  /** Patches nunjucks itself; answers what takes the patches back. */
  installJinjaCompat(): () => void;
}

export const internals = nunjucks as unknown as NunjucksInternals;
