import type { Event } from "vscode";
import { EventEmitter, Uri, extensions } from "vscode";
import { DisposableBag } from "../util/disposable";

/** The id of the Python extension. */
export const PYTHON_EXTENSION = "ms-python.python";

interface EnvironmentPath {
  readonly path: string;
}

/** The part of the Python extension's exported API that is used here. */
interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource?: Uri): EnvironmentPath;
    resolveEnvironment(path: EnvironmentPath): Promise<{ executable: { uri?: Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath: Event<unknown>;
  };
}

/** The Python extension, if it is installed: its choice of interpreter is followed, never required. */
export class PythonExtension extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<void>());

  /** The choice changed, or the extension came or went. */
  readonly onDidChange = this.changed.event;

  private following = false;

  constructor() {
    super();
    this.track(
      extensions.onDidChange(() => {
        this.changed.fire();
      }),
    );
  }

  /** Tells whether it is installed and enabled. */
  isInstalled(): boolean {
    return extensions.getExtension(PYTHON_EXTENSION) !== undefined;
  }

  /** The interpreter it has chosen for a folder, absolute; undefined when there is none or it is not installed. */
  async choice(folder: string | undefined): Promise<string | undefined> {
    const api = await this.api();
    if (api === undefined) return undefined;
    const path = api.environments.getActiveEnvironmentPath(folder === undefined ? undefined : Uri.file(folder));
    const resolved = await api.environments.resolveEnvironment(path);
    return resolved?.executable.uri?.fsPath;
  }

  private async api(): Promise<PythonApi | undefined> {
    const extension = extensions.getExtension<Partial<PythonApi> | undefined>(PYTHON_EXTENSION);
    if (extension === undefined) return undefined;
    const api = extension.isActive ? extension.exports : await extension.activate();
    if (api?.environments === undefined) return undefined;
    if (!this.following) {
      this.following = true;
      this.track(
        api.environments.onDidChangeActiveEnvironmentPath(() => {
          this.changed.fire();
        }),
      );
    }
    return { environments: api.environments };
  }
}
