"""
The HTTP client, or what to install to have one.
"""

try:
    import httpcore
except ImportError:
    raise ImportError('httpcore is missing: pip install "migratekit[http]"') from None


__all__ = ["httpcore"]
