"""Pages that a person reads: sections, charts in Vega-Lite, one self-contained HTML file."""
