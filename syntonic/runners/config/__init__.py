"""From config groups, experiment configs and overrides to one checked config, or to a list of what is wrong."""
