"""From picture files to two arrays: pictures -> layouts -> importing -> store -> domains.

Nothing is imported here, so that each module costs only what it needs itself; none of them imports torch.
"""
