"""
Stores: the new home of the users.
"""
