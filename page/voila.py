"""How `make explain` serves the page. On Binder, JupyterLab does, for one visitor."""

c = get_config()  # noqa: F821 (Voilà gives it)

c.Voila.ip = "127.0.0.1"
c.VoilaConfiguration.template = "virtiolab"
c.VoilaConfiguration.allow_template_override = "NO"
c.VoilaConfiguration.allow_theme_override = "NO"
c.VoilaConfiguration.file_allowlist = []  # no file, not even a picture
c.VoilaExecutor.cell_error_instruction = "Load the page again."

# Each visitor has a kernel. It ends when they leave; if the browser could not say so, after a while.
c.MappingKernelManager.cull_idle_timeout = 900
c.MappingKernelManager.cull_interval = 60


def _give_cookie(handler, notebook, cwd):
    """Voilà does not, and then refuses to end the kernel of who has none."""
    handler.xsrf_token  # noqa: B018 (to ask for it sets the cookie)


c.VoilaConfiguration.prelaunch_hook = _give_cookie
