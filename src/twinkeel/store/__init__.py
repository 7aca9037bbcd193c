"""All SQL and all files: catalog, bundles, objects, events. Nothing else writes to disk."""
