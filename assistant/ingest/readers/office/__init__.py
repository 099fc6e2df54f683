"""Readers of office formats: Word, Excel, PowerPoint, OpenDocument, RTF."""
