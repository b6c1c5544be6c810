"""An app in the browser: two texts, or a query and documents, explained as they are typed."""

from xsbert.app.demo import demo as demo
