import { commands } from "vscode";

/** Every context key that package.json's `when` clauses may ask for. */
export interface ContextValues {
  /** The one status; see model/serverStatus.ts. */
  readonly "stackyard.status": string;
  /** The server answers. */
  readonly "stackyard.serves": boolean;
  /** The lists were fetched, so an empty view is really empty. */
  readonly "stackyard.loaded": boolean;
  /** The environment can be mended by installing Stackyard into it. */
  readonly "stackyard.installHelps": boolean;
  /** Paths of the files that define pipelines: their editors have a button that runs them. */
  readonly "stackyard.pipelineFiles": readonly string[];
}

/** Sets context keys; the same value twice costs nothing. */
export class ContextKeys {
  private readonly set = new Map<string, string>();

  async update(values: Partial<ContextValues>): Promise<void> {
    const changed = Object.entries(values).filter(([key, value]) => this.set.get(key) !== JSON.stringify(value));
    for (const [key, value] of changed) this.set.set(key, JSON.stringify(value));
    await Promise.all(changed.map(async ([key, value]) => commands.executeCommand("setContext", key, value)));
  }
}
