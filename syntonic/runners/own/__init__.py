"""Code of the user's own: files and modules that `--use` names, the options that they bring, who may execute them."""
