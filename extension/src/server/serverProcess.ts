import { type ChildProcess, spawn } from "node:child_process";

/** As much of stderr is kept as a reason needs. */
const TAIL_BYTES = 8000;

/** Why the server refused to start: it ends with one line of JSON on stderr. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A server's process, with the end of what it wrote to stderr. */
export class ServerProcess {
  private tail = "";

  private constructor(readonly child: ChildProcess) {
    child.stderr?.on("data", (chunk: Buffer) => {
      this.tail = (this.tail + chunk.toString("utf8")).slice(-TAIL_BYTES);
    });
  }

  /**
   * Starts a process that speaks on its standard streams.
   *
   * @throws Error when it can't be started at all.
   */
  static async start(command: string, args: readonly string[], cwd: string): Promise<ServerProcess> {
    const child = spawn(command, args, { cwd, windowsHide: true });
    const started = new ServerProcess(child);
    return new Promise((resolve, reject) => {
      child.once("spawn", () => {
        resolve(started);
      });
      child.once("error", reject);
    });
  }

  /** Why it refused to start; undefined when it said nothing of the kind. */
  refusal(): Refusal | undefined {
    for (const line of this.tail.split("\n").reverse()) {
      const refusal = parse(line);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** The last line it wrote to stderr. */
  lastWord(): string {
    return this.tail.trimEnd().split("\n").at(-1) ?? "";
  }
}

function parse(line: string): Refusal | undefined {
  if (!line.startsWith('{"error"')) return undefined;
  try {
    const { error } = JSON.parse(line) as { error: Partial<Refusal> };
    return { code: error.code ?? "", message: error.message ?? "", hint: error.hint ?? "" };
  } catch {
    return undefined;
  }
}
