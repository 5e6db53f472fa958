"""What ZenML's ``Client`` can do, and what becomes of it here; beside :mod:`stackyard.authoring.vocabulary`."""

from __future__ import annotations

from stackyard.authoring.vocabulary import Word


def _yes(*names: str, text: str = "") -> dict[str, Word]:
    return {name: Word("honoured", text or "As in ZenML.") for name in names}


def _no(text: str, *names: str) -> dict[str, Word]:
    return {name: Word("refused", text) for name in names}


_NO_SERVER = "There is no server, and so no accounts: stacks and runs belong to the user of this machine."
_NO_CONNECTORS = "There are no service connectors: put credentials into a secret that components and steps name."
_NO_SNAPSHOTS = "Pipelines start from their code: stackyard run FILE, or Client().replay_pipeline_run(RUN)."
_NO_TRIGGERS = "Stackyard runs no scheduler. Let cron or your CI call: stackyard run FILE:PIPELINE"
_NO_BUILDS = "Steps run in this machine's environment: no images are built."
_NO_SERVICES = "Stackyard deploys nothing yet: no model deployer's flavor is there."
_NO_REPOSITORIES = "Code is found in the project's source root; there are no code repositories to register."
_FOLDERS = "A folder becomes a project with: stackyard init"

CLIENT: dict[str, Word] = {
    **_yes(
        "active_project", "active_stack", "config_directory", "root", "activate_stack",
        "create_flavor", "get_flavor_by_name_and_type", "get_flavors_by_type", "list_flavors",
        "create_stack", "get_stack", "list_stacks", "update_stack", "delete_stack",
        "create_stack_component", "get_stack_component", "list_stack_components", "update_stack_component",
        "delete_stack_component",
        "create_secret", "get_secret", "list_secrets", "update_secret", "delete_secret",
        "get_pipeline_run", "list_pipeline_runs", "delete_pipeline_run", "get_run_step", "list_run_steps",
        "get_pipeline", "list_pipelines", "delete_pipeline", "create_run_metadata", "replay_pipeline_run",
        "get_artifact", "list_artifacts", "update_artifact", "delete_artifact", "get_artifact_version",
        "list_artifact_versions", "update_artifact_version", "delete_artifact_version", "prune_artifacts",
        "get_tag", "list_tags", "update_tag", "delete_tag", "attach_tag", "detach_tag",
        "create_model", "get_model", "list_models", "update_model", "delete_model",
        "create_model_version", "get_model_version", "list_model_versions", "update_model_version",
        "delete_model_version", "list_model_version_artifact_links", "list_model_version_pipeline_run_links",
        "delete_model_version_artifact_link", "delete_all_model_version_artifact_links",
        "get_project", "list_projects",
    ),
    **_no("Use Client().active_stack.", "active_stack_model"),
    **_no("Use Client().get_flavor_by_name_and_type(NAME, TYPE).", "get_flavor"),
    **_no("A flavor goes with: stackyard TYPE flavor delete NAME", "delete_flavor"),
    **_no(
        "Secrets have no private ones beside them: use get_secret(NAME) and list_secrets().",
        "get_secret_by_name_and_private_status", "list_secrets_by_private_status",
    ),
    **_no("Secrets lie in one store; copy its file to back them up.", "backup_secrets", "restore_secrets"),
    **_no("A tag is there as soon as something has it: Client().attach_tag(TAG, RESOURCES).", "create_tag"),
    **_no(
        _FOLDERS, "create_project", "delete_project", "update_project", "set_active_project", "activate_root",
        "find_repository", "initialize", "is_inside_repository", "is_repository_directory",
    ),
    **_no(
        _NO_SERVER, "active_user", "zen_store", "uses_local_configuration", "get_settings", "update_server_settings",
        "create_user", "deactivate_user", "delete_user", "get_user", "list_users", "update_user",
        "create_api_key", "delete_api_key", "get_api_key", "list_api_keys", "rotate_api_key", "set_api_key",
        "update_api_key", "create_service_account", "delete_service_account", "get_service_account",
        "list_service_accounts", "update_service_account", "delete_authorized_device", "get_authorized_device",
        "list_authorized_devices", "update_authorized_device",
    ),
    **_no(
        _NO_CONNECTORS, "create_service_connector", "delete_service_connector", "get_service_connector",
        "get_service_connector_client", "get_service_connector_type", "list_service_connector_resources",
        "list_service_connector_types", "list_service_connectors", "login_service_connector",
        "update_service_connector", "verify_service_connector",
    ),
    **_no(
        _NO_SNAPSHOTS, "create_run_template", "delete_run_template", "get_run_template", "list_run_templates",
        "update_run_template", "delete_snapshot", "get_snapshot", "list_snapshots", "update_snapshot",
        "prune_snapshots", "trigger_pipeline",
    ),
    **_no(
        _NO_TRIGGERS, "attach_trigger_to_snapshot", "detach_trigger_from_snapshot", "clear_trigger_dispatch_error",
        "create_platform_event_trigger", "get_platform_event_trigger", "list_platform_event_triggers",
        "update_platform_event_trigger", "create_schedule_trigger", "get_schedule_trigger", "list_schedule_triggers",
        "update_schedule_trigger", "create_webhook", "delete_webhook", "get_webhook", "list_webhooks",
        "update_webhook", "rotate_webhook_secret", "create_webhook_trigger", "get_webhook_trigger",
        "list_webhook_triggers", "update_webhook_trigger", "get_raw_webhook_event", "delete_trigger",
        "list_snapshot_triggers", "delete_schedule", "get_schedule", "list_schedules", "update_schedule",
        "get_hook_invocation", "list_hook_invocations", "delete_hook_invocation",
    ),
    **_no(_NO_BUILDS, "get_build", "list_builds", "delete_build"),
    **_no(
        _NO_SERVICES, "create_service", "delete_service", "get_service", "list_services", "update_service",
        "delete_deployment", "deprovision_deployment", "get_deployment", "get_deployment_logs", "list_deployments",
        "provision_deployment", "refresh_deployment",
    ),
    **_no(
        _NO_REPOSITORIES, "create_code_repository", "delete_code_repository", "get_code_repository",
        "list_code_repositories", "update_code_repository",
    ),
    **_no(
        "Previews of artifact versions are made by their materializers.", "create_curated_visualization",
        "update_curated_visualization", "delete_curated_visualization",
    ),
    **_no("Runs never wait for a person or a pool.", "list_run_wait_conditions", "resolve_run_wait_condition",
          "get_resource_request", "list_resource_requests", "get_instance"),
    **_no("Drivers alone write the step runs of their runs; use create_run_metadata for metadata.", "update_step_run"),
}  # fmt: skip
"""Method or property of ZenML's client to what it does here."""
