"""The page and the HTTP endpoint; with `app.py`, the only importers of gradio and spaces."""
