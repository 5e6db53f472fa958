import type { CancellationToken } from "vscode";
import { CancellationTokenSource } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import type {
  ArtifactPageParams,
  ArtifactShowResult,
  ArtifactVersionView,
  ArtifactView,
  ColumnStatistics,
  ComponentDescribeResult,
  ComponentListParams,
  ComponentListResult,
  ComponentParams,
  CreateFirstPipelineResult,
  EnvironmentCheckResult,
  EnvironmentInstallResult,
  ErrorView,
  Page,
  PageParams,
  PipelineListResult,
  RequestMethod,
  Requests,
  RunExplanation,
  RunLogsParams,
  RunLogsResult,
  RunStartParams,
  RunStartResult,
  RunView,
  StackActivateResult,
  StackCheckResult,
  StackDescribeResult,
  StackListResult,
  StatisticsRequest,
  StatusResult,
  TablePage,
} from "./protocol";
import { REQUEST_FAILED, method } from "./protocol";
import { CancelledError, ExpectedError, RequestError } from "./util/errors";

/** What is used of the language client: a test can stand in for it. */
export interface Connection {
  sendRequest<R>(name: string, params: unknown, token: CancellationToken): Promise<R>;
}

/** The server's requests as functions; every refusal is a {@link RequestError}. */
export class StackyardApi {
  /**
   * @param connect gives a connection that is ready, another one than that which was lost, or throws an ExpectedError
   * that says why there is none.
   */
  constructor(private readonly connect: (lost?: Connection) => Promise<Connection>) {}

  async status(): Promise<StatusResult> {
    return this.read(method.statusShow, {});
  }

  async stacks(): Promise<StackListResult> {
    return this.read(method.stackList, {});
  }

  async describeStack(stack: string, token?: CancellationToken): Promise<StackDescribeResult> {
    return this.read(method.stackDescribe, { stack }, token);
  }

  /** @param stack by id; empty: every stack, of which those with problems are returned. */
  async checkStacks(stack = ""): Promise<StackCheckResult> {
    return this.read(method.stackCheck, { stack });
  }

  async activateStack(stack: string): Promise<StackActivateResult> {
    return this.send(method.stackActivate, { stack });
  }

  async components(params: ComponentListParams): Promise<ComponentListResult> {
    return this.read(method.componentList, params);
  }

  async describeComponent(params: ComponentParams, token?: CancellationToken): Promise<ComponentDescribeResult> {
    return this.read(method.componentDescribe, params, token);
  }

  async pipelines(): Promise<PipelineListResult> {
    return this.read(method.pipelineList, {});
  }

  async runs(page: PageParams): Promise<Page<RunView>> {
    return this.read(method.runList, page);
  }

  async run(run: string): Promise<RunView> {
    return this.read(method.runShow, { run });
  }

  async startRun(params: RunStartParams, token?: CancellationToken): Promise<RunStartResult> {
    return this.send(method.runStart, params, token);
  }

  /** Goes on with a run that ended before it completed. */
  async resumeRun(run: string, token?: CancellationToken): Promise<RunStartResult> {
    return this.send(method.runResume, { run }, token);
  }

  /** Runs a run's pipeline again, as a new run. */
  async retryRun(run: string, token?: CancellationToken): Promise<RunStartResult> {
    return this.send(method.runRetry, { run }, token);
  }

  /** @param options `step`: only this one, the run goes on without it; `force`: kill instead of asking. */
  async stopRun(run: string, options: { step?: string; force?: boolean } = {}): Promise<RunView> {
    return (await this.send(method.runStop, { run, ...options })).run;
  }

  /** Deletes a finished run with its logs; what it stored stays. */
  async deleteRun(run: string): Promise<void> {
    await this.send(method.runDelete, { runs: [run] });
  }

  /** Why the steps of a run, or one of them, were reused or not. */
  async explainRun(run: string, step?: string): Promise<RunExplanation> {
    return this.read(method.runExplain, { run, step: step ?? null });
  }

  async logs(params: RunLogsParams): Promise<RunLogsResult> {
    return this.read(method.runLogs, params);
  }

  async artifacts(storeId: string, page: PageParams): Promise<Page<ArtifactView>> {
    return this.read(method.artifactList, { ...page, artifact_store_id: storeId });
  }

  async versions(storeId: string, name: string, page: PageParams): Promise<Page<ArtifactVersionView>> {
    return this.read(method.artifactVersions, { ...page, artifact_store_id: storeId, name });
  }

  async version(id: string): Promise<ArtifactShowResult> {
    return this.read(method.artifactShow, { id });
  }

  /** Rows of a stored table; a newer request of the same view cancels this one. */
  async tablePage(params: ArtifactPageParams): Promise<TablePage> {
    return this.read(method.artifactPage, params);
  }

  /** What a column of a stored table holds. */
  async columnStatistics(params: StatisticsRequest): Promise<ColumnStatistics> {
    return (await this.read(method.artifactStatistics, params)).statistics;
  }

  async createFirstPipeline(folder: string): Promise<CreateFirstPipelineResult> {
    return this.send(method.projectCreateFirstPipeline, { folder });
  }

  async checkEnvironment(interpreter: string): Promise<EnvironmentCheckResult> {
    return this.read(method.environmentCheck, { interpreter });
  }

  async install(interpreter: string): Promise<EnvironmentInstallResult> {
    return this.send(method.environmentInstall, { interpreter });
  }

  /** Asks for what changes nothing: of a server that ended before it answered, the one that takes its place is asked. */
  private async read<M extends RequestMethod>(
    name: M,
    params: Requests[M]["params"],
    token?: CancellationToken,
  ): Promise<Requests[M]["result"]> {
    return this.send(name, params, token, (error) => wasNotSent(error) || wasNotAnswered(error));
  }

  private async send<M extends RequestMethod>(
    name: M,
    params: Requests[M]["params"],
    token?: CancellationToken,
    mayAskAgain = wasNotSent,
  ): Promise<Requests[M]["result"]> {
    const source = new CancellationTokenSource();
    const ask = async (connection: Connection): Promise<Requests[M]["result"]> =>
      connection.sendRequest(name, params, token ?? source.token);
    try {
      const connection = await this.connect();
      // A server that ended before it was asked did nothing: the one that takes its place is asked.
      return await ask(connection).catch(async (error: unknown) =>
        mayAskAgain(error) ? ask(await this.connect(connection)) : Promise.reject(error as Error),
      );
    } catch (error) {
      throw understood(error);
    } finally {
      source.dispose();
    }
  }
}

/** Turns what the language client throws into the extension's own errors; a bug stays what it is. */
function understood(error: unknown): unknown {
  if (!(error instanceof ResponseError)) return error;
  if (error.code === LSPErrorCodes.RequestCancelled || error.code === LSPErrorCodes.ServerCancelled) {
    return new CancelledError();
  }
  if (error.code === REQUEST_FAILED && isErrorView(error.data)) return new RequestError(error.data);
  if (wasNotAnswered(error)) {
    return new ExpectedError("Stackyard's server ended before it had answered.", "It is started again; try once more.");
  }
  return error;
}

function isErrorView(data: unknown): data is ErrorView {
  return typeof data === "object" && data !== null && "code" in data && "message" in data && "hint" in data;
}

/** The client has this word for a connection that went while it was about to use it; else `ConnectionInactive`. */
function wasNotSent(error: unknown): boolean {
  if (error instanceof ResponseError) return error.code === -32096;
  return error instanceof Error && error.message === "Starting server failed";
}

/** `PendingResponseRejected`, `MessageWriteError`, `ConnectionInactive` of JSON-RPC as the client names them. */
function wasNotAnswered(error: unknown): boolean {
  return error instanceof ResponseError && [-32097, -32099, -32096].includes(error.code);
}
